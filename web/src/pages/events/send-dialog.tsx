import type { Accepted } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { failureText, jsonBody, request } from '../../api/client.ts';
import { projectsQuery, shipyardQuery } from '../../api/queries.ts';
import { CliHint, say, sendLine } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { useDraft } from '../../ui/draft.ts';
import { exampleOf } from './example.ts';

/** Sends an event: one made for a sequence, or an earlier one that was edited. */
export function SendDialog({ event, onClose }: { event: Record<string, unknown> | undefined; onClose: () => void }) {
  const [given] = useState(() => (event === undefined ? '' : JSON.stringify(again(event), undefined, 2)));
  // A draft is of the event that it began with: another event sent again has its own.
  const draft = useDraft(`send/${event === undefined ? '' : String(event.id)}`, { text: given, base: undefined });
  /** What was sent stays in the field, and is no draft any more. */
  const [sent, setSent] = useState<string>();
  const text = draft.isChanged ? draft.text : (sent ?? given);
  const [error, setError] = useState<string>();
  const [accepted, setAccepted] = useState<Accepted['items']>();
  const send = async (): Promise<void> => {
    setError(undefined);
    try {
      const body = jsonBody(JSON.parse(text), 'application/cloudevents+json');
      const answer = await request<Accepted>({ method: 'POST', path: '/v1/events', body });
      setAccepted(answer.items);
      setSent(text);
      draft.discard();
    } catch (failure) {
      setError(failure instanceof SyntaxError ? `Not valid JSON: ${failure.message}` : failureText(failure));
    }
  };
  const line = sendLine(text);
  const close = (): void => {
    if (draft.isChanged) say('The draft is kept: open the dialog again to go on.');
    onClose();
  };
  return (
    <Dialog title={event === undefined ? 'Send an event' : 'Edit and resend'} losesNothing onClose={close}>
      {event === undefined ? <Template onText={draft.change} /> : null}
      <label className="field">
        <span>Event (JSON)</span>
        <textarea
          className="input"
          rows={14}
          spellCheck={false}
          value={text}
          onChange={(change) => {
            draft.change(change.target.value);
            setAccepted(undefined);
          }}
        />
      </label>
      {accepted?.map((item) => (
        <p key={item.id} role="status" className="message tone-pass">
          {item.outcome === 'accepted'
            ? 'Accepted. '
            : `${item.outcome}: ${item.code ?? 'an event with this id was sent before'}. `}
          {item.run === undefined ? null : (
            <Link to="/runs/$run" params={{ run: item.run }}>
              View run
            </Link>
          )}
        </p>
      ))}
      <CliHint line={line} />
      <DialogEnd error={error} back="Close" onClose={close}>
        {draft.isChanged ? (
          <button type="button" className="button" onClick={draft.discard}>
            Discard draft
          </button>
        ) : null}
        <button type="button" className="button primary" disabled={text === ''} onClick={() => void send()}>
          Send
        </button>
      </DialogEnd>
    </Dialog>
  );
}

function Template({ onText }: { onText: (text: string) => void }) {
  const { data: projects } = useQuery(projectsQuery);
  const [project, setProject] = useState('');
  const { data: shipyard } = useQuery({ ...shipyardQuery(project), enabled: project !== '' });
  const sequences = (shipyard?.plan.stages ?? []).flatMap((stage) => stage.sequences.filter(({ builtIn }) => !builtIn));
  const choose = (name: string): void => {
    const sequence = sequences.find((one) => `${one.stage}.${one.name}` === name);
    if (sequence === undefined) return;
    const event = {
      specversion: '1.0',
      id: newId(),
      source: '/web',
      type: `${name}.triggered`,
      data: { project, service: 'my-service', ...exampleOf(sequence.input) },
    };
    onText(JSON.stringify(event, undefined, 2));
  };
  return (
    <div className="choices">
      <label className="field">
        <span>Project</span>
        <select className="select" value={project} onChange={(change) => setProject(change.target.value)}>
          <option value="">choose</option>
          {projects?.items.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>Sequence to start</span>
        <select
          key={project}
          className="select"
          defaultValue=""
          disabled={sequences.length === 0}
          onChange={(change) => choose(change.target.value)}
        >
          <option value="">choose</option>
          {sequences.map(({ stage, name }) => (
            <option key={`${stage}.${name}`}>{`${stage}.${name}`}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** The same id from the same source would change nothing, and the old context would not start a new run. */
function again(event: Record<string, unknown>): Record<string, unknown> {
  const { id: _id, time: _time, correlationid: _context, subject: _subject, shkeptncontext: _keptn, ...rest } = event;
  return { ...rest, id: newId(), source: '/web' };
}

/** `randomUUID` is there only where the page came over https or from this machine. */
function newId(): string {
  return (
    crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join('')
  );
}
