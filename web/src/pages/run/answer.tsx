import type { Accepted, AttemptView, RunView, TaskView } from '@slipway/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { failureText, jsonBody, request } from '../../api/client.ts';
import { runQuery } from '../../api/queries.ts';
import { CliHint, cliLine, say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';

const BY_HAND = '/web/by-hand';

/** A person answers in place of a service: with the same event that a service would send. */
export function Answer(props: { run: RunView; task: TaskView; attempt: AttemptView; onClose: () => void }) {
  const { run, task, attempt, onClose } = props;
  const queries = useQueryClient();
  const working = attempt.executors.filter(({ finishedAt }) => finishedAt === undefined).map(({ source }) => source);
  const [result, setResult] = useState('pass');
  const [source, setSource] = useState(working[0] ?? BY_HAND);
  const [output, setOutput] = useState('{}');
  const [message, setMessage] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const data = jsonOf(output);
  const send = async (): Promise<void> => {
    if (!data.ok) {
      setError(`The output is no JSON: ${data.why}`);
      return;
    }
    setBusy(true);
    try {
      const event = eventOf({ run, task, attempt, source, result, output: data.value, message });
      const body = jsonBody(event, 'application/cloudevents+json');
      const answer = await request<Accepted>({ method: 'POST', path: '/v1/events', body });
      const ignored = answer.items.find(({ outcome }) => outcome === 'ignored');
      say(ignored ? `It changed nothing: ${ignored.code ?? 'ignored'}.` : `'${task.key}' was answered with ${result}.`);
      await queries.invalidateQueries({ queryKey: runQuery(run.id).queryKey });
      onClose();
    } catch (failure) {
      setError(failureText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Answer '${task.key}' by hand`} onClose={onClose}>
      <p className="muted">
        Sends <code>{task.uses}.finished</code> for attempt {attempt.number}.{' '}
        {effectOf(working.filter((one) => one !== source))}
      </p>
      {working.length === 0 ? null : (
        <label className="field">
          <span>In the place of</span>
          <select className="select" value={source} onChange={(event) => setSource(event.target.value)}>
            {working.map((one) => (
              <option key={one} value={one}>
                {one}, which works on it
              </option>
            ))}
            <option value={BY_HAND}>nobody: beside it</option>
          </select>
        </label>
      )}
      <label className="field">
        <span>Result</span>
        <select className="select" value={result} onChange={(event) => setResult(event.target.value)}>
          <option value="pass">pass</option>
          <option value="warning">warning</option>
          <option value="fail">fail</option>
        </select>
      </label>
      <label className="field">
        <span>Output, JSON</span>
        <textarea
          className="input"
          rows={5}
          spellCheck={false}
          value={output}
          onChange={(event) => setOutput(event.target.value)}
        />
      </label>
      <label className="field">
        <span>Message</span>
        <input
          className="input"
          value={message}
          maxLength={1024}
          onChange={(event) => setMessage(event.target.value)}
        />
      </label>
      <CliHint
        line={
          data.ok
            ? cliLine(
                ...['answer', attempt.id, '--result', result],
                ...(output.trim() === '{}' ? [] : ['--data', JSON.stringify(data.value)]),
                ...(message === '' ? [] : ['--message', message]),
                ...(source === BY_HAND ? [] : ['--source', source]),
              )
            : undefined
        }
      />
      <DialogEnd error={error} onClose={onClose}>
        <button type="button" className="button primary" disabled={busy} onClick={() => void send()}>
          Send the answer
        </button>
      </DialogEnd>
    </Dialog>
  );
}

/** An attempt ends when everybody who started it has answered. */
function effectOf(others: readonly string[]): string {
  if (others.length > 0)
    return `The attempt ends when ${others.join(' and ')} has answered too; the worst result counts.`;
  return 'The run goes on as if a service had answered; an answer that a service sends later changes nothing.';
}

function eventOf(answer: {
  run: RunView;
  task: TaskView;
  attempt: AttemptView;
  source: string;
  result: string;
  output: unknown;
  message: string;
}): object {
  const { run, task, attempt, source, result, output, message } = answer;
  const { project, stage, service } = run;
  // Under the name of a service it would look as if that had answered.
  const said = message === '' && source !== BY_HAND ? 'answered by hand' : message;
  return {
    specversion: '1.0',
    id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
    source,
    type: `${task.uses}.finished`,
    correlationid: run.correlationid,
    causationid: attempt.id,
    data: {
      ...{ project, stage, service, result, status: 'succeeded', [task.uses]: output },
      ...(said === '' ? {} : { message: said }),
    },
  };
}

type Parsed = { ok: true; value: unknown } | { ok: false; why: string };

function jsonOf(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (failure) {
    return { ok: false, why: failureText(failure) };
  }
}
