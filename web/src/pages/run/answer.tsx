import type { Accepted, AttemptView, RunView, TaskView } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { failureText, jsonBody, request } from '../../api/client.ts';
import { runQuery, sessionQuery } from '../../api/queries.ts';
import { CliHint, cliLine, say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { visible } from '../../ui/foreign.tsx';

/** By this source the server knows that a person answers: it ends the attempt, and the history names the author. */
const BY_HAND = '/web/by-hand';
/** Kept in this browser, where the server does not know its callers. */
const NAME_KEY = 'slipway-my-name';

/** A person answers instead of a service, with the same event that a service would send. */
export function Answer(props: { run: RunView; task: TaskView; attempt: AttemptView; onClose: () => void }) {
  const { run, task, attempt, onClose } = props;
  const queries = useQueryClient();
  const working = attempt.executors.filter(({ finishedAt }) => finishedAt === undefined).map(({ source }) => source);
  const { data: session } = useQuery(sessionQuery);
  const known = session?.way === 'open' ? undefined : session?.name;
  const [typedName, setTypedName] = useState(() => localStorage.getItem(NAME_KEY) ?? '');
  const name = known ?? typedName.trim();
  const [result, setResult] = useState('pass');
  const [output, setOutput] = useState('{}');
  const [message, setMessage] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const data = jsonOf(output);
  const [holder] = working;
  const send = async (): Promise<void> => {
    if (!data.ok) {
      setError(`The output is not valid JSON: ${data.why}`);
      return;
    }
    setBusy(true);
    try {
      localStorage.setItem(NAME_KEY, typedName.trim());
      const event = eventOf({ run, task, attempt, by: name, holder, result, output: data.value, message });
      const body = jsonBody(event, 'application/cloudevents+json');
      const answer = await request<Accepted>({ method: 'POST', path: '/v1/events', body });
      const ignored = answer.items.find(({ outcome }) => outcome === 'ignored');
      say(
        ignored ? `The answer was ignored: ${ignored.code ?? 'no reason given'}.` : `Answered ${task.key}: ${result}.`,
      );
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
        Sends <code>{task.uses}.finished</code> for attempt {attempt.number}. The run continues as if a service had
        answered; an answer that a service sends later changes nothing.
      </p>
      {working.length === 0 ? null : (
        <p className="message tone-warning">
          {working.map(visible).join(' and ')} {working.length === 1 ? 'is' : 'are'} working on this attempt. Your
          answer overrides {working.length === 1 ? 'it' : 'them'}: the attempt ends now, and its work is cancelled.
        </p>
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
      <label className="field">
        <span>Your name, for the history</span>
        <input
          className="input"
          value={known ?? typedName}
          readOnly={known !== undefined}
          maxLength={64}
          autoComplete="username"
          onChange={(event) => setTypedName(event.target.value)}
        />
      </label>
      <CliHint
        line={
          data.ok
            ? cliLine(
                ...['answer', attempt.id, '--result', result],
                ...(output.trim() === '{}' ? [] : ['--data', JSON.stringify(data.value)]),
                ...(message === '' ? [] : ['--message', message]),
                ...(holder === undefined ? [] : ['--source', holder]),
              )
            : undefined
        }
      />
      <DialogEnd error={error} onClose={onClose}>
        <button type="button" className="button primary" disabled={busy} onClick={() => void send()}>
          Send answer
        </button>
      </DialogEnd>
    </Dialog>
  );
}

function eventOf(answer: {
  run: RunView;
  task: TaskView;
  attempt: AttemptView;
  by: string;
  /** The service that works on the attempt. */
  holder: string | undefined;
  result: string;
  output: unknown;
  message: string;
}): object {
  const { run, task, attempt, by, holder, result, output, message } = answer;
  const { project, stage, service } = run;
  return {
    specversion: '1.0',
    id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
    source: BY_HAND,
    // A server that knows its callers takes the owner of the token instead.
    ...(by === '' ? {} : { by }),
    ...(holder === undefined ? {} : { onbehalfof: holder }),
    type: `${task.uses}.finished`,
    correlationid: run.correlationid,
    causationid: attempt.id,
    data: {
      project,
      stage,
      service,
      result,
      status: 'succeeded',
      [task.uses]: output,
      ...(message === '' ? {} : { message }),
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
