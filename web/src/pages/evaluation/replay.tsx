import type { ReplayAnswer } from '@slipway/contract';
import { useMutation } from '@tanstack/react-query';
import { replay } from '../../api/evaluations.ts';
import { Badge, Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine } from '../../ui/copy.tsx';
import { verdictLook } from '../../ui/state.ts';
import { numberText } from '../evaluations/heat.ts';

/** Decides again from what is stored, with the rules of today: shows that the decision can be made again. */
export function Replay({ id }: { id: string }) {
  const mutation = useMutation({ mutationFn: () => replay(id) });
  return (
    <section className="panel" aria-label="Replay">
      <header>
        <h2>Replay</h2>
        <span className="end only-wide">
          <CliButton line={cliLine('replay', id)} />
        </span>
        <button type="button" className="button small" disabled={mutation.isPending} onClick={() => mutation.mutate()}>
          {mutation.isPending ? 'Replaying …' : 'Replay'}
        </button>
      </header>
      <div className="body">
        {mutation.data === undefined ? (
          <p className="muted">
            Recomputes the decision from the stored values, baselines and objectives, with the current rules. It changes
            nothing.
          </p>
        ) : (
          <Answer answer={mutation.data} />
        )}
        {mutation.isError ? (
          <p role="alert" className="message tone-fail">
            {mutation.error.message}
          </p>
        ) : null}
      </div>
    </section>
  );
}

function Answer({ answer }: { answer: ReplayAnswer }) {
  const { same, rules, inputsHash, differences, now } = answer;
  return (
    <div role="status" className="replayed">
      <p className={`badge tone-${same ? 'pass' : 'warning'}`}>
        <Glyph shape={same ? 'check' : 'triangle'} />
        {same ? 'Same decision' : 'Different decision'}
      </p>
      {same ? null : (
        <>
          <p>
            Today: <Badge look={verdictLook(now.verdict)} /> {numberText(now.score)}. {now.why}
          </p>
          <ul className="effects">
            {differences.map((difference) => (
              <li key={difference}>{difference}</li>
            ))}
          </ul>
        </>
      )}
      <p className="muted">
        Rules{' '}
        {rules.stored === null || rules.stored === rules.now ? rules.now : `${rules.stored} then, ${rules.now} now`},
        inputs <code title="SHA-256 of what decided">{inputsHash.slice(0, 16)}</code>
      </p>
    </div>
  );
}
