import './services.css';
import type { ServiceView } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { servicesQuery } from '../../api/queries.ts';
import { Badge, Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine, ServerHint } from '../../ui/copy.tsx';
import { Foreign } from '../../ui/foreign.tsx';
import { countText } from '../../ui/format.ts';
import { useHeld, useHold } from '../../ui/hold.ts';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import type { Look } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';
import { Subscriptions } from './subscriptions.tsx';

const route = getRouteApi('/services');
const POLL_MS = 4_000;
const wayWords = { nats: 'NATS', claim: 'HTTP claim', push: 'Push', http: 'HTTP' } as const;
const connected: Look = { tone: 'pass', shape: 'check', word: 'Connected' };
const gone: Look = { tone: 'idle', shape: 'slash', word: 'Disconnected' };

/** The services of each task; tasks without a service come first. */
export function ServicesPage() {
  const { tab } = route.useSearch();
  const isSubscriptions = tab === 'subscriptions';
  useTitle(isSubscriptions ? 'Subscriptions' : 'Services');
  const [text, setText] = useState('');
  const name = isSubscriptions ? 'Subscription, sink or event type' : 'Task or service';
  return (
    <div className="page services-page">
      <div className="head">
        <h1>Services</h1>
        <input
          className="input"
          type="search"
          data-filter
          aria-label={name}
          placeholder={`${name}    /`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {isSubscriptions ? null : (
          <div className="end only-wide">
            <CliButton line={cliLine('get', 'services')} />
          </div>
        )}
      </div>
      <nav className="tabs" aria-label="Services and subscriptions">
        <Link to="/services" search={{}} className="tab" {...tabState(!isSubscriptions)}>
          Services
        </Link>
        <Link to="/services" search={{ tab: 'subscriptions' }} className="tab" {...tabState(isSubscriptions)}>
          Subscriptions
        </Link>
      </nav>
      {isSubscriptions ? <Subscriptions text={text} /> : <Services text={text} />}
    </div>
  );
}

function tabState(isShown: boolean) {
  return {
    activeOptions: { exact: true, includeSearch: true },
    'aria-current': isShown ? ('page' as const) : undefined,
  };
}

function Services({ text }: { text: string }) {
  const query = useQuery({ ...servicesQuery, refetchInterval: POLL_MS });
  const { held, hold } = useHold();
  const { shown } = useHeld(query.data, held);
  const all = shown?.items ?? [];
  const wanted = all.filter(({ task, source }) => `${task} ${source ?? ''}`.toLowerCase().includes(text.toLowerCase()));
  const missing = wanted.filter(({ source }) => source === undefined);
  const served = wanted.filter(({ source }) => source !== undefined);
  const waiting = missing.filter((one) => one.waitingAttempts > 0);
  const quiet = missing.filter((one) => one.waitingAttempts === 0);
  if (query.isError) {
    return <Failed error={query.error} what="The services cannot be shown" retry={() => void query.refetch()} />;
  }
  if (query.isPending) return <Loading rows={8} height={28} />;
  if (all.length === 0) {
    return (
      <Empty title="No services yet">
        <p>A service is any program that claims a task. To claim one in a terminal:</p>
        <pre>{`curl -s -X POST -H 'content-type: application/json' -d '{"source":"me"}' \\\n  '${location.origin}/v1/tasks/TASK/claim?wait=25s'`}</pre>
      </Empty>
    );
  }
  return (
    <div className="services-list" {...hold}>
      {waiting.map((one) => (
        <Missing key={one.task} service={one} />
      ))}
      <section className="panel" aria-label="Services by task">
        <table className="grid services">
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col">Service</th>
              <th scope="col">Transport</th>
              <th scope="col">State</th>
              <th scope="col" className="num">
                Last seen
              </th>
              <th scope="col" className="num">
                In progress
              </th>
              <th scope="col" className="num">
                Queued
              </th>
            </tr>
          </thead>
          <tbody>
            {served.map((one) => (
              <tr key={`${one.task} ${one.source}`}>
                <th scope="row">{one.task}</th>
                <td className="mono source">
                  <Foreign text={one.source ?? ''} />{' '}
                  {one.version === undefined ? null : (
                    <span className="tag">
                      <Foreign text={one.version} />
                    </span>
                  )}
                </td>
                <td data-name="Transport">{one.way === undefined ? '' : wayWords[one.way]}</td>
                <td>
                  <Badge look={one.connected ? connected : gone} />
                </td>
                <td className="num" data-name="Last seen">
                  {one.lastSeenAt === undefined ? 'Never' : <Time at={one.lastSeenAt} />}
                </td>
                <td className="num" data-name="In progress">
                  {one.openAttempts}
                </td>
                <td className="num" data-name="Queued">
                  {one.waitingAttempts}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {quiet.length === 0 ? null : (
        <p className="muted">
          No service is connected for {quiet.map(({ task }) => `'${task}'`).join(', ')}. No attempt is queued for{' '}
          {quiet.length === 1 ? 'it' : 'them'}.
        </p>
      )}
    </div>
  );
}

function Missing({ service }: { service: ServiceView }) {
  const { task, waitingAttempts, oldestWaitingAt, hint } = service;
  return (
    <section className="missing tone-fail" aria-label={`No service for ${task}`}>
      <Glyph shape="diamond" />
      <div>
        <p>
          <strong>No service is connected for task '{task}'.</strong> {countText(waitingAttempts, 'attempt')} queued
          {oldestWaitingAt === undefined ? '.' : ', the oldest '}
          {oldestWaitingAt === undefined ? null : <Time at={oldestWaitingAt} />}
        </p>
        {hint === undefined ? null : <ServerHint line={hint} />}
      </div>
    </section>
  );
}
