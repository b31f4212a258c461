import type { Accepted, AttemptView, RunView, TaskView } from '@slipway/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { jsonBody, request } from '../../api/client.ts';
import { runQuery } from '../../api/queries.ts';
import { say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';

/** A person answers in place of a service: with the same event that a service would send. */
export function Answer(props: { run: RunView; task: TaskView; attempt: AttemptView; onClose: () => void }) {
  const { run, task, attempt, onClose } = props;
  const queries = useQueryClient();
  const [result, setResult] = useState('pass');
  const [output, setOutput] = useState('{}');
  const [message, setMessage] = useState('');
  const [error, setError] = useState<string>();
  const send = async (): Promise<void> => {
    try {
      const data: Record<string, unknown> = {
        project: run.project,
        stage: run.stage,
        result,
        status: 'succeeded',
        [task.uses]: JSON.parse(output),
      };
      if (run.service !== undefined) data.service = run.service;
      if (message !== '') data.message = message;
      const event = {
        specversion: '1.0',
        id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
        source: '/web/by-hand',
        type: `${task.uses}.finished`,
        correlationid: run.correlationid,
        causationid: attempt.id,
        data,
      };
      const body = jsonBody(event, 'application/cloudevents+json');
      const answer = await request<Accepted>({ method: 'POST', path: '/v1/events', body });
      const ignored = answer.items.find(({ outcome }) => outcome === 'ignored');
      say(ignored ? `It changed nothing: ${ignored.code ?? 'ignored'}.` : `'${task.key}' was answered with ${result}.`);
      await queries.invalidateQueries({ queryKey: runQuery(run.id).queryKey });
      onClose();
    } catch (failure) {
      setError(failure instanceof SyntaxError ? `The output is no JSON: ${failure.message}` : String(failure));
    }
  };
  return (
    <Dialog title={`Answer '${task.key}' by hand`} onClose={onClose}>
      <p className="muted">
        Sends <code>{task.uses}.finished</code> for attempt {attempt.number}. The run goes on as if a service had
        answered; an answer that a service sends later changes nothing.
      </p>
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
      <DialogEnd error={error} onClose={onClose}>
        <button type="button" className="button primary" onClick={() => void send()}>
          Send the answer
        </button>
      </DialogEnd>
    </Dialog>
  );
}
