import type { RunView } from '@slipway/contract';
import { JsonTree } from '../../ui/json-tree.tsx';

/** What the run was started with and what came out of it. */
export function RunData({ run }: { run: RunView }) {
  return (
    <div className="split even">
      <section className="panel" aria-label="Input">
        <header>
          <h2>Data of the trigger</h2>
          <span className="muted cut end">from {run.trigger.source}</span>
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
          {run.state === 'finished' ? <JsonTree value={run.output} /> : <p className="muted">It has not ended yet.</p>}
        </div>
      </section>
    </div>
  );
}
