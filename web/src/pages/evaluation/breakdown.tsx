import type { EvaluatedSli } from '@slipway/contract';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { Badge } from '../../ui/badge.tsx';
import { visible } from '../../ui/foreign.tsx';
import { countText } from '../../ui/format.ts';
import { verdictLook } from '../../ui/state.ts';
import { changeText } from '../evaluations/cell-panel.tsx';
import { numberText } from '../evaluations/heat.ts';
import type { Criterion, Decision, Objective } from './decision.ts';
import { ValueScale } from './value-scale.tsx';

/** Every SLI: its value against what it must be, what it was compared with, and the sentence why. */
export function Breakdown(props: {
  slis: readonly EvaluatedSli[];
  decision: Decision | undefined;
  wanted: string | undefined;
}) {
  const { slis, decision, wanted } = props;
  return (
    <section className="panel" aria-label="Breakdown">
      <header>
        <h2>{countText(slis.length, 'SLI')}</h2>
        <ul className="legend end only-wide">
          <li>
            <i className="key-value" /> value
          </li>
          <li>
            <i className="key-baseline" /> compared with
          </li>
          <li>
            <i className="key-target" /> target, and where it may be
          </li>
        </ul>
      </header>
      <ul className="objectives">
        {slis.map((sli, place) => (
          <Line
            // biome-ignore lint/suspicious/noArrayIndexKey: an slo.yaml may name an SLI twice; their order is that of the file
            key={`${sli.sli} ${place}`}
            sli={sli}
            objective={decision?.objectives[place]?.sli === sli.sli ? decision.objectives[place] : undefined}
            wanted={sli.sli === wanted}
          />
        ))}
      </ul>
    </section>
  );
}

function Line({ sli, objective, wanted }: { sli: EvaluatedSli; objective: Objective | undefined; wanted: boolean }) {
  const { value, baseline, status, score, maximum } = sli;
  const look = verdictLook(status);
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (wanted) line.current?.scrollIntoView({ block: 'center' });
  }, [wanted]);
  const why = objective?.why ?? sli.message;
  return (
    <li ref={line} className={wanted ? 'objective wanted' : 'objective'}>
      <div className="name">
        <p>
          <strong>{sli.displayName ?? sli.sli}</strong>
          {sli.keySli ? <span className="tag">key SLI</span> : null}
        </p>
        <p>
          <Badge look={look} />{' '}
          <span className="muted">
            {numberText(score)}
            {maximum === undefined ? '' : ` of ${numberText(maximum)}`}
          </span>
        </p>
      </div>
      <div className="numbers">
        <p className="value num">{value === null ? 'no value' : numberText(value)}</p>
        <p className="muted num">
          {baseline === null
            ? 'compared with nothing'
            : `${value === null ? '' : `${changeText(value, baseline)} against `}${numberText(baseline)}`}
        </p>
      </div>
      <div className="scale">
        {value === null ? null : (
          <ValueScale value={value} baseline={baseline} criteria={objective?.criteria ?? []} tone={look.tone} />
        )}
      </div>
      <div className="why-line">
        {why === undefined ? null : <p>{visible(why)}</p>}
        {objective === undefined ? null : <More objective={objective} />}
      </div>
    </li>
  );
}

function More({ objective }: { objective: Objective }) {
  const { criteria, baseline, findings } = objective;
  if (criteria.length + baseline.values.length + findings.length === 0) return null;
  return (
    <details>
      <summary>How it was decided</summary>
      {criteria.length === 0 ? null : <Criteria criteria={criteria} />}
      {findings.map((sentence) => (
        <p key={sentence} className="muted">
          {sentence}
        </p>
      ))}
      {baseline.values.length === 0 ? null : (
        <p className="muted">
          {baseline.function ?? 'aggregate'} of {baseline.values.map((one) => numberText(one.value)).join(', ')}
        </p>
      )}
    </details>
  );
}

function Criteria({ criteria }: { criteria: readonly Criterion[] }) {
  return (
    <table className="grid criteria-table">
      <thead>
        <tr>
          <th scope="col">For</th>
          <th scope="col">Criterion</th>
          <th scope="col">Target</th>
          <th scope="col">Met</th>
        </tr>
      </thead>
      <tbody>
        {criteria.map(({ role, group, text, formula, holds }) => (
          <tr key={`${role} ${group} ${text}`}>
            <td>{role}</td>
            <td>
              <code>{text}</code>
            </td>
            <td>{formula}</td>
            <td>
              <span className={`badge tone-${holds ? 'pass' : 'fail'}`}>{holds ? 'yes' : 'no'}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The score on its way from 0 to 100, with where it warns and where it passes. */
export function ScoreBar({ score, decision, tone }: { score: number; decision: Decision | undefined; tone: string }) {
  const at = (value: number): string => `${Math.max(0, Math.min(100, value))}%`;
  return (
    <div className={`score-bar tone-${tone}`}>
      <i className="filled" style={{ width: at(score) }} />
      {decision?.warning === undefined ? null : (
        <i
          className="limit tone-warning"
          style={{ left: at(decision.warning) }}
          title={`warns from ${decision.warning}`}
        />
      )}
      {decision?.pass === undefined ? null : (
        <i className="limit tone-pass" style={{ left: at(decision.pass) }} title={`passes from ${decision.pass}`} />
      )}
    </div>
  );
}

export function SloMissing({ project }: { project: string }) {
  return (
    <p className="muted">
      The text of its slo.yaml was not kept, or there was none.{' '}
      <Link to="/projects/$project" params={{ project }} search={{ tab: 'quality' }}>
        Objectives of {project}
      </Link>
    </p>
  );
}
