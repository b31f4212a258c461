import type { RunCommand, RunView, TaskView } from '@slipway/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { failureText, jsonBody, pathOf, request } from '../../api/client.ts';
import { runQuery } from '../../api/queries.ts';
import { CliHint, cliLine, say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { countText } from '../../ui/format.ts';

const words: Record<RunCommand, string> = { pause: 'Pause', resume: 'Resume', abort: 'Abort' };
const doneWords: Record<RunCommand, string> = { pause: 'Paused', resume: 'Resumed', abort: 'Aborted' };

/** The commands that the API allows now, each with what it will do before it does it. */
export function Actions({ run }: { run: RunView }) {
  const [chosen, setChosen] = useState<RunCommand>();
  return (
    <>
      {run.commands.map((command) => (
        <button
          key={command}
          type="button"
          className={command === 'abort' ? 'button danger' : 'button'}
          onClick={() => setChosen(command)}
        >
          {words[command]} …
        </button>
      ))}
      {chosen === undefined ? null : <Confirm run={run} command={chosen} onClose={() => setChosen(undefined)} />}
    </>
  );
}

function Confirm({ run, command, onClose }: { run: RunView; command: RunCommand; onClose: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const act = async (): Promise<void> => {
    setBusy(true);
    try {
      const body = jsonBody(reason === '' ? {} : { reason });
      await request({ method: 'POST', path: pathOf`/v1/runs/${run.id}/${command}`, body });
      await queries.invalidateQueries({ queryKey: runQuery(run.id).queryKey });
      say(`${doneWords[command]}.`);
      onClose();
    } catch (failure) {
      setError(failureText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`${words[command]} ${run.stage}.${run.sequence}`} onClose={onClose}>
      <ul className="effects">
        {effectsOf(run, command).map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ul>
      <label className="field">
        <span>Reason (shown in the history)</span>
        <input className="input" value={reason} maxLength={1024} onChange={(event) => setReason(event.target.value)} />
      </label>
      <CliHint line={cliLine(command, run.id, ...(reason === '' ? [] : ['--reason', reason]))} />
      <DialogEnd error={error} onClose={onClose}>
        <button
          type="button"
          className={command === 'abort' ? 'button danger primary' : 'button primary'}
          disabled={busy}
          onClick={() => void act()}
        >
          {words[command]}
        </button>
      </DialogEnd>
    </Dialog>
  );
}

/** What nobody has begun with is only taken back. */
function cancelText(open: readonly TaskView[]): string {
  const names = open.map(({ key }) => `'${key}'`).join(', ');
  const begun = open.some(({ attempts }) => (attempts.at(-1)?.executors.length ?? 0) > 0);
  return begun
    ? `Cancels the running attempt of ${names}. Its service receives a cancelled event.`
    : `Withdraws ${names}, which no service has started.`;
}

/** What will happen, from what the run is doing now. */
function effectsOf(run: RunView, command: RunCommand): string[] {
  const open = run.tasks.filter(({ state }) => state === 'open');
  const delayed = run.tasks.filter(({ state }) => state === 'delayed');
  const pending = run.tasks.filter(({ state }) => state === 'pending');
  const names = open.map(({ key }) => `'${key}'`).join(', ');
  if (command === 'pause') {
    return [
      open.length === 0 ? 'No task is running now.' : `${names} may finish; its answer counts.`,
      `${countText(pending.length + delayed.length, 'task')} will not start until you resume the run.`,
      'The timeouts of the run keep running.',
    ];
  }
  if (command === 'resume') return ['The run continues where it stopped, and triggers every task that is due.'];
  return [
    open.length === 0 ? 'No task is running now.' : cancelText(open),
    `${countText(pending.length + delayed.length, 'task')} will never start.`,
    'The run ends as aborted, so no sequence that requires a pass starts. You cannot undo this.',
  ];
}
