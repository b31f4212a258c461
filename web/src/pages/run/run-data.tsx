import type { RunView } from '@slipway/contract';
import { visible } from '../../ui/foreign.tsx';
import { JsonTree } from '../../ui/json-tree.tsx';

/** The trigger's data and the run's output. */
export function RunData({ run }: { run: RunView }) {
  return (
    <div className="split even">
      <section className="panel" aria-label="Input">
        <header>
          <h2>Trigger data</h2>
          <span className="muted cut end">from {visible(run.trigger.source)}</span>
        </header>
        <div className="body">
          <JsonTree value={run.trigger.data} expression="data" />
        </div>
      </section>
      <section className="panel" aria-label="Output">
        <header>
          <h2>Output</h2>
        </header>
        <div className="body">
          {run.state === 'finished' ? (
            <JsonTree value={run.output} />
          ) : (
            <p className="muted">The run has not ended yet.</p>
          )}
        </div>
      </section>
    </div>
  );
}
