import type { EvaluatedSli, EvaluationSummary } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { evaluationQuery } from '../../api/evaluations.ts';
import { Badge } from '../../ui/badge.tsx';
import { visible } from '../../ui/foreign.tsx';
import { verdictLook } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';
import { decisionOf } from '../evaluation/decision.ts';
import { buildOf, numberText, TOTAL } from './heat.ts';

const REST_MS = 180;

/** What the cell under the pointer or the focus says, beside the map and always in the same place. */
export function CellPanel({ evaluation, sli }: { evaluation: EvaluationSummary | undefined; sli: string }) {
  const rested = useRested(evaluation?.id);
  const detail = useQuery({ ...evaluationQuery(rested ?? ''), enabled: rested !== undefined });
  if (evaluation === undefined) return null;
  const cell = sli === TOTAL ? undefined : (evaluation.slis?.find((one) => one.sli === sli) ?? null);
  const decision = detail.data?.id === evaluation.id ? decisionOf(detail.data.decision) : undefined;
  const build = buildOf(evaluation);
  const { invalidated } = evaluation;
  return (
    <section className="panel cell-panel" aria-label="The cell">
      <header>
        <h2 className="cut">{cell === undefined ? 'Score' : (cell?.displayName ?? sli)}</h2>
        {cell === null ? null : <Badge look={verdictLook(cell?.status ?? evaluation.verdict)} />}
        {cell?.keySli ? <span className="tag">key SLI</span> : null}
      </header>
      <div className="body">
        <dl className="facts">
          {build === undefined ? null : (
            <>
              <dt>Build</dt>
              <dd className="cut">{build}</dd>
            </>
          )}
          <dt>When</dt>
          <dd>
            <Time at={evaluation.at} />
          </dd>
          {cell === undefined ? <Total evaluation={evaluation} decision={decision} /> : null}
          {cell ? <Indicator cell={cell} /> : null}
        </dl>
        {cell === null ? <p className="muted">This evaluation had no such SLI.</p> : null}
        {cell === undefined ? <p>{visible(evaluation.why ?? evaluation.message ?? '')}</p> : null}
        {cell ? (
          <Thresholds objective={decision?.objectives.find((one) => one.sli === sli)} message={cell.message} />
        ) : null}
        {invalidated === undefined ? null : (
          <p className="message tone-idle">
            Invalidated{invalidated.author === undefined ? '' : ` by ${visible(invalidated.author)}`}
            {invalidated.reason === undefined ? '.' : `: ${visible(invalidated.reason)}`}
          </p>
        )}
        <Link
          to="/evaluations/$evaluation"
          params={{ evaluation: evaluation.id }}
          search={sli === TOTAL ? {} : { sli }}
          className="button small"
        >
          Open the evaluation
        </Link>
      </div>
    </section>
  );
}

function Total({ evaluation, decision }: { evaluation: EvaluationSummary; decision: ReturnType<typeof decisionOf> }) {
  const { score, slis } = evaluation;
  const failed = slis?.filter(({ status }) => status === 'fail').length ?? 0;
  return (
    <>
      <dt>Score</dt>
      <dd>{score === null ? 'none' : `${numberText(score)} of 100`}</dd>
      {decision?.pass === undefined ? null : (
        <>
          <dt>Pass threshold</dt>
          <dd>
            {numberText(decision.pass)}
            {decision.warning === undefined ? '' : `, warning ${numberText(decision.warning)}`}
          </dd>
        </>
      )}
      <dt>SLIs</dt>
      <dd>{slis === null ? 'none was evaluated' : `${slis.length}, ${failed} failed`}</dd>
    </>
  );
}

function Indicator({ cell }: { cell: EvaluatedSli }) {
  const { value, baseline, score, maximum } = cell;
  return (
    <>
      <dt>Value</dt>
      <dd>{value === null ? 'none came' : numberText(value)}</dd>
      <dt>Baseline</dt>
      <dd>
        {baseline === null ? 'none' : numberText(baseline)}
        {value === null || baseline === null ? '' : ` (${changeText(value, baseline)})`}
      </dd>
      <dt>Score</dt>
      <dd>
        {numberText(score)}
        {maximum === undefined ? '' : ` of ${numberText(maximum)}`}
      </dd>
    </>
  );
}

export function changeText(value: number, baseline: number): string {
  if (value === baseline) return 'the same';
  if (baseline === 0) return `${value > 0 ? '+' : '−'}${numberText(Math.abs(value))}`;
  const percent = ((value - baseline) / Math.abs(baseline)) * 100;
  return `${percent > 0 ? '+' : '−'}${numberText(Math.abs(percent))} %`;
}

function Thresholds(props: {
  objective: NonNullable<ReturnType<typeof decisionOf>>['objectives'][number] | undefined;
  message: string | undefined;
}) {
  const { objective, message } = props;
  return (
    <>
      {objective === undefined || objective.criteria.length === 0 ? null : (
        <ul className="criteria">
          {objective.criteria.map((criterion) => (
            <li
              key={`${criterion.role} ${criterion.group} ${criterion.text}`}
              className={`tone-${criterion.holds ? 'pass' : 'fail'}`}
            >
              <span className="muted">{criterion.role}</span> <code>{criterion.text}</code>{' '}
              <span className="holds">{criterion.holds ? 'met' : `not met, ${numberText(criterion.target)}`}</span>
            </li>
          ))}
        </ul>
      )}
      {(objective?.why ?? message) === undefined ? null : (
        <p className="muted">{visible(objective?.why ?? message ?? '')}</p>
      )}
    </>
  );
}

/** The id when it has stayed for a moment: who runs over the map with the pointer asks the server nothing. */
function useRested(id: string | undefined): string | undefined {
  const [rested, setRested] = useState(id);
  useEffect(() => {
    const timer = setTimeout(() => setRested(id), REST_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return rested;
}
