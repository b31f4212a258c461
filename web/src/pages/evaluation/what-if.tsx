import type { Evaluation, WhatIfAnswer } from '@slipway/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../api/client.ts';
import { askWhatIf, type WhatIf } from '../../api/evaluations.ts';
import { Badge } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { Loading } from '../../ui/screens.tsx';
import { useSettled } from '../../ui/settled.ts';
import { verdictLook } from '../../ui/state.ts';
import { type Finding, TextEditor } from '../../ui/text-editor.tsx';
import { changeText } from '../evaluations/cell-panel.tsx';
import { numberText } from '../evaluations/heat.ts';
import { SloMissing } from './breakdown.tsx';

/** What would have been decided with other objectives or other values; the evaluation itself stays as it is. */
export function WhatIfTab({ evaluation }: { evaluation: Evaluation }) {
  const [slo, setSlo] = useState(evaluation.slo ?? '');
  const [values, setValues] = useState<Record<string, string>>({});
  const changes: WhatIf = {
    ...(slo === (evaluation.slo ?? '') ? {} : { slo }),
    ...(Object.keys(values).length === 0 ? {} : { values: readValues(values) }),
  };
  const settled = useSettled(JSON.stringify(changes));
  const query = useQuery({
    queryKey: ['what-if', evaluation.id, settled],
    queryFn: ({ signal }) => ask(evaluation.id, JSON.parse(settled), signal),
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const settling = query.isFetching || settled !== JSON.stringify(changes);
  return (
    <div className="split even">
      <section className="panel editor" aria-label="Other objectives">
        <header>
          <h2>slo.yaml to try</h2>
          <button
            type="button"
            className="button small end"
            disabled={slo === (evaluation.slo ?? '')}
            onClick={() => setSlo(evaluation.slo ?? '')}
          >
            Reset
          </button>
        </header>
        {evaluation.slo === null ? (
          <div className="nothing">
            <SloMissing project={evaluation.project} />
          </div>
        ) : null}
        <TextEditor
          label="slo.yaml to try"
          text={slo}
          onText={setSlo}
          findings={query.data?.findings}
          failure={query.error}
        />
      </section>
      <div className="try-side">
        <section className="panel" aria-label="Other values">
          <header>
            <h2>Values to try</h2>
            <button
              type="button"
              className="button small end"
              disabled={Object.keys(values).length === 0}
              onClick={() => setValues({})}
            >
              Reset
            </button>
          </header>
          <ul className="try-values">
            {evaluation.slis?.map(({ sli, displayName, value }) => (
              <li key={sli}>
                <label>
                  <span className="cut">{displayName ?? sli}</span>
                  <input
                    className="input num"
                    inputMode="decimal"
                    placeholder="no value"
                    value={values[sli] ?? (value === null ? '' : String(value))}
                    onChange={({ target }) => setValues({ ...values, [sli]: target.value })}
                  />
                </label>
              </li>
            ))}
          </ul>
        </section>
        <section className="panel" aria-label="Result with these changes" aria-busy={settling}>
          <header>
            <h2>Result with these changes</h2>
            <span className="end only-wide">
              <CliButton line={lineOf(evaluation.id, changes)} />
            </span>
          </header>
          {query.data?.answer !== undefined ? (
            <Both answer={query.data.answer} />
          ) : query.isPending ? (
            <Loading rows={5} />
          ) : (
            <p className="nothing muted">
              {query.isError ? query.error.message : 'The result appears here once the text has no errors.'}
            </p>
          )}
        </section>
      </div>
    </div>
  );
}

/** Both decisions beside each other, with what differs first. */
function Both({ answer }: { answer: WhatIfAnswer }) {
  const { before, after, differences } = answer;
  const old = new Map(before.slis.map((one) => [one.sli, one]));
  const now = new Map(after.slis.map((one) => [one.sli, one]));
  return (
    <div className="body">
      <div className="two-decisions">
        <Decided title="Recorded" judgement={before} />
        <Decided title="With changes" judgement={after} change={changeText(after.score, before.score)} />
      </div>
      <p className="muted">{differences.length === 0 ? 'No differences.' : `${differences.length} differences.`}</p>
      <table className="grid two-slis">
        <thead>
          <tr>
            <th scope="col">SLI</th>
            <th scope="col">Recorded</th>
            <th scope="col">With changes</th>
          </tr>
        </thead>
        <tbody>
          {[...new Set([...old.keys(), ...now.keys()])].map((sli) => {
            const was = old.get(sli);
            const is = now.get(sli);
            const other = was?.status !== is?.status || was?.score !== is?.score;
            return (
              <tr key={sli} className={other ? 'other' : undefined}>
                <th scope="row">{is?.displayName ?? was?.displayName ?? sli}</th>
                <td>
                  <Side sli={was} />
                </td>
                <td>
                  <Side sli={is} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Side({ sli }: { sli: WhatIfAnswer['before']['slis'][number] | undefined }) {
  if (sli === undefined) return <span className="muted">Not present</span>;
  return (
    <>
      <Badge look={verdictLook(sli.status)} /> <span className="muted">{numberText(sli.score)}</span>
    </>
  );
}

function Decided(props: { title: string; judgement: WhatIfAnswer['before']; change?: string }) {
  const { title, judgement, change } = props;
  return (
    <div className="decided">
      <h3>{title}</h3>
      <p>
        <Badge look={verdictLook(judgement.verdict)} filled />{' '}
        <strong className="num">{numberText(judgement.score)}</strong>{' '}
        {change === undefined || change === 'the same' ? null : <span className="muted">{change}</span>}
      </p>
      <p className="muted">{judgement.why}</p>
    </div>
  );
}

/** The other slo.yaml is a file of the reader's own. */
function lineOf(id: string, { slo, values = {} }: WhatIf): string {
  const tried = Object.entries(values).flatMap(([sli, value]) => ['--value', `${sli}=${value ?? ''}`]);
  return cliLine('what-if', id, ...(slo === undefined ? [] : ['--slo', 'slo.yaml']), ...tried);
}

type Tried = { answer: WhatIfAnswer | undefined; findings: Finding[] };

/** The server checks the text as at an upload: what is wrong with it comes with its place. */
async function ask(id: string, changes: WhatIf, signal: AbortSignal): Promise<Tried> {
  try {
    return { answer: await askWhatIf(id, changes, signal), findings: [] };
  } catch (error) {
    const errors = error instanceof ApiError ? error.problem?.errors : undefined;
    if (errors === undefined) throw error;
    return { answer: undefined, findings: errors.map((one) => ({ ...one, severity: 'error' as const })) };
  }
}

/** Nothing typed: no value came. What is no number is left as it was. */
function readValues(typed: Record<string, string>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(typed).flatMap(([sli, text]): [string, number | null][] => {
      if (text.trim() === '') return [[sli, null]];
      const number = Number(text);
      return Number.isFinite(number) ? [[sli, number]] : [];
    }),
  );
}
