import './services.css';
import type { ServiceView } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { servicesQuery } from '../../api/queries.ts';
import { Badge, Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine, ServerHint } from '../../ui/copy.tsx';
import { countText } from '../../ui/format.ts';
import { useTitle } from '../../ui/page.ts';
import { Empty, Failed, Loading } from '../../ui/screens.tsx';
import type { Look } from '../../ui/state.ts';
import { Time } from '../../ui/time.tsx';

const POLL_MS = 4_000;
const wayWords = { nats: 'NATS', claim: 'HTTP claim', push: 'Push', http: 'HTTP' } as const;
const connected: Look = { tone: 'pass', shape: 'check', word: 'Connected' };
const gone: Look = { tone: 'idle', shape: 'slash', word: 'Gone' };

/** Who answers which task; and first of all the tasks that nobody answers. */
export function ServicesPage() {
  useTitle('Services');
  const [text, setText] = useState('');
  const query = useQuery({ ...servicesQuery, refetchInterval: POLL_MS });
  const all = query.data?.items ?? [];
  const wanted = all.filter(({ task, source }) => `${task} ${source ?? ''}`.toLowerCase().includes(text.toLowerCase()));
  const missing = wanted.filter(({ source }) => source === undefined);
  const served = wanted.filter(({ source }) => source !== undefined);
  const waiting = missing.filter((one) => one.waitingAttempts > 0);
  const quiet = missing.filter((one) => one.waitingAttempts === 0);
  return (
    <div className="page">
      <div className="head">
        <h1>Services</h1>
        <span className="muted">
          {query.data ? `${countText(new Set(served.map(({ source }) => source)).size, 'service')} known` : ''}
        </span>
        <input
          className="input"
          type="search"
          data-filter
          aria-label="Task or service"
          placeholder="Task or service    /"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="end only-wide">
          <CliButton line={cliLine('get', 'services')} />
        </div>
      </div>
      {query.isError ? (
        <Failed error={query.error} what="The services cannot be shown" retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Loading rows={8} height={28} />
      ) : all.length === 0 ? (
        <Empty title="No service has shown itself">
          <p>A service is any program that claims a task. In a terminal:</p>
          <pre>{`curl -s -X POST -H 'content-type: application/json' -d '{"source":"me"}' \\\n  '${location.origin}/v1/tasks/TASK/claim?wait=25s'`}</pre>
        </Empty>
      ) : (
        <>
          {waiting.map((one) => (
            <Missing key={one.task} service={one} />
          ))}
          <section className="panel" aria-label="Services by task">
            <table className="grid services">
              <thead>
                <tr>
                  <th scope="col">Task</th>
                  <th scope="col">Answered by</th>
                  <th scope="col">Way</th>
                  <th scope="col">State</th>
                  <th scope="col" className="num">
                    Last seen
                  </th>
                  <th scope="col" className="num">
                    Works on
                  </th>
                  <th scope="col" className="num">
                    Waiting
                  </th>
                </tr>
              </thead>
              <tbody>
                {served.map((one) => (
                  <tr key={`${one.task} ${one.source}`}>
                    <th scope="row">{one.task}</th>
                    <td className="mono source">
                      {one.source} {one.version === undefined ? null : <span className="tag">{one.version}</span>}
                    </td>
                    <td data-name="Way">{one.way === undefined ? '' : wayWords[one.way]}</td>
                    <td>
                      <Badge look={one.connected ? connected : gone} />
                    </td>
                    <td className="num" data-name="Last seen">
                      {one.lastSeenAt === undefined ? 'never' : <Time at={one.lastSeenAt} />}
                    </td>
                    <td className="num" data-name="Works on">
                      {one.openAttempts}
                    </td>
                    <td className="num" data-name="Waiting">
                      {one.waitingAttempts}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          {quiet.length === 0 ? null : (
            <p className="muted">
              Nobody answers {quiet.map(({ task }) => `'${task}'`).join(', ')} either, but nothing waits for it now.
            </p>
          )}
        </>
      )}
    </div>
  );
}

function Missing({ service }: { service: ServiceView }) {
  const { task, waitingAttempts, oldestWaitingAt, hint } = service;
  return (
    <section className="missing tone-fail" aria-label={`Nobody answers ${task}`}>
      <Glyph shape="diamond" />
      <div>
        <p>
          <strong>No service answers '{task}'.</strong> {countText(waitingAttempts, 'attempt')}{' '}
          {waitingAttempts === 1 ? 'waits' : 'wait'}
          {oldestWaitingAt === undefined ? '.' : ', the oldest since '}
          {oldestWaitingAt === undefined ? null : <Time at={oldestWaitingAt} />}
        </p>
        {hint === undefined ? null : <ServerHint line={hint} />}
      </div>
    </section>
  );
}
