import type { EvaluationRequest, EvaluationStarted } from '@slipway/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { failureText, jsonBody, pathOf, request } from '../../api/client.ts';
import { shipyardQuery } from '../../api/queries.ts';
import { CliHint, cliLine } from '../../ui/copy.tsx';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';

/** Judges a span of time: of a build that is out, or of an hour in which something happened. */
export function StartEvaluation(props: {
  project: string;
  stage: string | undefined;
  service: string | undefined;
  onClose: () => void;
}) {
  const { project, onClose } = props;
  const { data: shipyard } = useQuery({ ...shipyardQuery(project), retry: false });
  const stages = shipyard?.plan.stages.map(({ name }) => name) ?? [];
  const [chosen, setStage] = useState(props.stage);
  const stage = chosen ?? stages[0] ?? '';
  const [service, setService] = useState(props.service ?? '');
  const [way, setWay] = useState<'last' | 'between'>('last');
  const [timeframe, setTimeframe] = useState('5m');
  const [start, setStart] = useState('');
  const [end, setEnd] = useState('');
  const [labels, setLabels] = useState('');
  const [error, setError] = useState<string>();
  const [started, setStarted] = useState<EvaluationStarted>();
  const body = bodyOf({ way, timeframe, start, end, labels });
  const path = pathOf`/v1/projects/${project}/stages/${stage}/services/${service}/evaluations`;
  const send = async (): Promise<void> => {
    setError(undefined);
    try {
      setStarted(await request<EvaluationStarted>({ method: 'POST', path, body: jsonBody(body) }));
    } catch (failure) {
      setError(failureText(failure));
    }
  };
  return (
    <Dialog losesNothing={started !== undefined} title="Start an evaluation" onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div className="choices">
          <label className="field">
            <span>Stage</span>
            <select className="select" value={stage} onChange={(event) => setStage(event.target.value)}>
              {stages.includes(stage) ? null : <option>{stage}</option>}
              {stages.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>Service</span>
            <input
              className="input"
              required
              maxLength={63}
              value={service}
              onChange={(event) => setService(event.target.value)}
            />
          </label>
        </div>
        <fieldset className="segments" aria-label="Which time">
          <button type="button" aria-pressed={way === 'last'} onClick={() => setWay('last')}>
            Until now
          </button>
          <button type="button" aria-pressed={way === 'between'} onClick={() => setWay('between')}>
            From … to …
          </button>
        </fieldset>
        {way === 'last' ? (
          <label className="field">
            <span>The last</span>
            <input
              className="input"
              required
              placeholder="5m"
              value={timeframe}
              onChange={(event) => setTimeframe(event.target.value)}
            />
          </label>
        ) : (
          <div className="choices">
            <label className="field">
              <span>From, your time</span>
              <input
                className="input"
                type="datetime-local"
                step="1"
                required
                value={start}
                onChange={(event) => setStart(event.target.value)}
              />
            </label>
            <label className="field">
              <span>To</span>
              <input
                className="input"
                type="datetime-local"
                step="1"
                required
                value={end}
                onChange={(event) => setEnd(event.target.value)}
              />
            </label>
          </div>
        )}
        <label className="field">
          <span>Labels, such as build=1.4.2, team=north</span>
          <input className="input" value={labels} onChange={(event) => setLabels(event.target.value)} />
        </label>
        <p className="muted">
          Triggers the sequence <code>evaluation</code> of the stage. The run waits until a service for the task{' '}
          <code>evaluation</code> is connected.
        </p>
        <CliHint line={lineOf(project, stage, service, body)} />
        {started === undefined ? null : (
          <p role="status" className="message tone-pass">
            Evaluation started.{' '}
            <Link to="/runs/$run" params={{ run: started.run }}>
              View run
            </Link>
          </p>
        )}
        <DialogEnd error={error} back="Close" onClose={onClose}>
          <button type="submit" className="button primary" disabled={stage === '' || service === ''}>
            Start
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  );
}

function lineOf(project: string, stage: string, service: string, body: EvaluationRequest): string {
  const { timeframe, start, end, labels = {} } = body;
  const times = Object.entries({ timeframe, start, end }).flatMap(([name, time]) =>
    time === undefined || time === '' ? [] : [`--${name}`, time],
  );
  const pairs = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  return cliLine('evaluate', '--project', project, '--stage', stage, '--service', service, ...times, ...pairs);
}

function bodyOf(form: {
  way: 'last' | 'between';
  timeframe: string;
  start: string;
  end: string;
  labels: string;
}): EvaluationRequest {
  const pairs = form.labels.split(',').flatMap((part): [string, string][] => {
    const [key = '', ...value] = part.trim().split('=');
    return key === '' || value.length === 0 ? [] : [[key, value.join('=')]];
  });
  return {
    ...(form.way === 'last' ? { timeframe: form.timeframe } : { start: isoOf(form.start), end: isoOf(form.end) }),
    ...(pairs.length === 0 ? {} : { labels: Object.fromEntries(pairs) }),
  };
}

/** What the browser gives is the time on the wall beside the person; the server is told it in UTC. */
function isoOf(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
