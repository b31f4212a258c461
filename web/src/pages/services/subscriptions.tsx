import type { Subscription } from '@slipway/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { failureText, pathOf, request } from '../../api/client.ts';
import { subscriptionsQuery } from '../../api/queries.ts';
import { Badge } from '../../ui/badge.tsx';
import { say } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { Foreign, visible } from '../../ui/foreign.tsx';
import { countText } from '../../ui/format.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import type { Look } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';

const POLL_MS = 4_000;
const idle: Look = { tone: 'idle', shape: 'dots', word: 'Nothing sent yet' };
const delivering: Look = { tone: 'pass', shape: 'check', word: 'Delivering' };
const failing: Look = { tone: 'fail', shape: 'cross', word: 'Failing' };

/** The push subscriptions: what is sent where, whether it arrives, and the last error. */
export function Subscriptions({ text }: { text: string }) {
  const query = useQuery({ ...subscriptionsQuery, refetchInterval: POLL_MS });
  const [deleting, setDeleting] = useState<Subscription>();
  const all = query.data?.items ?? [];
  const shown = all.filter(({ id, sink, types }) =>
    `${id} ${sink} ${types.join(' ')}`.toLowerCase().includes(text.toLowerCase()),
  );
  if (query.isError) {
    return <Failed error={query.error} what="The subscriptions cannot be shown" retry={() => void query.refetch()} />;
  }
  if (query.isPending) return <Loading rows={6} height={28} />;
  if (all.length === 0) {
    return (
      <Empty title="No subscriptions yet">
        <p>A subscription sends events to a URL. To create one in a terminal:</p>
        <pre>{`curl -X PUT ${location.origin}/v1/subscriptions/mail -H 'content-type: application/json' \\\n  -d '{"sink": "https://hooks.example.com/slipway", "types": ["*.finished"]}'`}</pre>
      </Empty>
    );
  }
  return (
    <section className="panel" aria-label="Subscriptions">
      <table className="grid subscriptions">
        <thead>
          <tr>
            <th scope="col">Subscription</th>
            <th scope="col">Events</th>
            <th scope="col">Mode</th>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Matched
            </th>
            <th scope="col" className="num">
              Last delivered
            </th>
            <th scope="col">
              <span className="sr">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <Row key={one.id} subscription={one} onDelete={() => setDeleting(one)} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 ? <p className="nothing muted">No matching subscriptions</p> : null}
      {deleting === undefined ? null : <Delete subscription={deleting} onClose={() => setDeleting(undefined)} />}
    </section>
  );
}

function Row({ subscription, onDelete }: { subscription: Subscription; onDelete: () => void }) {
  const { id, sink, mode, encoding, matched, failures, lastError, lastDeliveredAt } = subscription;
  return (
    <tr>
      <th scope="row">
        <Foreign text={id} />
        <span className="mono sink">
          <Foreign text={sink} />
        </span>
      </th>
      <td data-name="Events">
        <Events subscription={subscription} />
      </td>
      <td data-name="Mode" title={`Encoding: ${encoding}`}>
        {mode}
      </td>
      <td>
        <Badge look={failures > 0 ? failing : lastDeliveredAt === undefined ? idle : delivering} />
        {failures > 0 ? <span className="muted"> {countText(failures, 'failure')} in a row</span> : null}
        {lastError === undefined ? null : (
          <span className="last-error">
            <Foreign text={lastError} />
          </span>
        )}
      </td>
      <td className="num" data-name="Matched">
        {matched === undefined ? '' : matched.toLocaleString('en')}
      </td>
      <td className="num" data-name="Last delivered">
        {lastDeliveredAt === undefined ? 'Never' : <Time at={lastDeliveredAt} />}
      </td>
      <td className="num">
        <button type="button" className="button small danger" onClick={onDelete} aria-label={`Delete ${id}`}>
          Delete …
        </button>
      </td>
    </tr>
  );
}

/** Types, and the scope where there is one. */
function Events({ subscription: { types, project, stage, service } }: { subscription: Subscription }) {
  const scope = Object.entries({ project, stage, service }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  return (
    <>
      {types.length === 0 ? (
        'All events'
      ) : (
        <span className="types">
          {types.map((type) => (
            <code key={type}>{visible(type)}</code>
          ))}
        </span>
      )}
      {scope.length === 0 ? null : (
        <span className="muted scope">
          <Foreign text={scope.join(', ')} />
        </span>
      )}
    </>
  );
}

function Delete({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) {
  const { id, sink, mode } = subscription;
  const queries = useQueryClient();
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await request({ method: 'DELETE', path: pathOf`/v1/subscriptions/${id}` });
      await queries.invalidateQueries({ queryKey: subscriptionsQuery.queryKey });
      say(`Deleted subscription ${id}.`);
      onClose();
    } catch (failure) {
      setError(failureText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete subscription ${visible(id)}`} onClose={onClose}>
      <ul className="effects">
        <li>
          Slipway stops sending events to <code>{visible(sink)}</code>.
        </li>
        {mode === 'execute' ? (
          <li>Attempts that this service has started and not finished are offered to other services.</li>
        ) : null}
        <li>Events that were not delivered yet are not sent later. You cannot undo this.</li>
      </ul>
      <DialogEnd error={error} onClose={onClose}>
        <button type="button" className="button danger primary" disabled={busy} onClick={() => void remove()}>
          Delete subscription
        </button>
      </DialogEnd>
    </Dialog>
  );
}
