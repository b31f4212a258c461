import '../run/run.css';
import './projects.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { ApiError } from '../../api/client.ts';
import {
  projectsQuery,
  type Shipyard,
  shipyardQuery,
  shipyardVersionQuery,
  shipyardVersionsQuery,
} from '../../api/queries.ts';
import { Glyph } from '../../ui/badge.tsx';
import { CliButton, cliLine, say } from '../../ui/copy.tsx';
import { useTitle } from '../../ui/page.ts';
import { AllWell, Failed, Loading } from '../../ui/screens.tsx';
import { Time } from '../../ui/time.tsx';
import { PlanView } from './plan-view.tsx';
import { type Finding, put, useLint } from './use-lint.ts';

const route = getRouteApi('/projects/$project');

const FIRST_TEXT = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata:
  name: NAME
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: build
            - name: test
`;

/** A project: its shipyard as text with what is wrong with it, the plan beside it, its versions. */
export function ProjectPage() {
  const { project } = route.useParams();
  const { version } = route.useSearch();
  useTitle(project);
  const current = useQuery({ ...shipyardQuery(project), retry: false });
  const earlier = useQuery({ ...shipyardVersionQuery(project, version ?? ''), enabled: version !== undefined });
  const query = version === undefined ? current : earlier;
  const isNew = current.error instanceof ApiError && current.error.status === 404;
  const text = isNew ? FIRST_TEXT.replace('NAME', project) : query.data?.text;
  return (
    <div className="page">
      <nav className="crumbs" aria-label="Where this is">
        <Link to="/projects">Projects</Link>
        <span aria-hidden="true">/</span>
        <span>{project}</span>
      </nav>
      <div className="head">
        <h1 className="cut">{project}</h1>
        <div className="end">
          <Link to="/runs" search={{ project }} className="button">
            Its runs
          </Link>
          <span className="only-wide">
            <CliButton
              line={cliLine('get', 'shipyard', '--project', project, ...(version ? ['--version', version] : []))}
            />
          </span>
        </div>
      </div>
      {text !== undefined ? (
        <Editor key={`${project} ${version}`} project={project} given={text} current={current.data} />
      ) : query.isError ? (
        <Failed error={query.error} what="The shipyard cannot be shown" retry={() => void query.refetch()} />
      ) : (
        <Loading rows={12} />
      )}
    </div>
  );
}

function Editor({ project, given, current }: { project: string; given: string; current: Shipyard | undefined }) {
  const queries = useQueryClient();
  const [text, setText] = useState(given);
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const lint = useLint(project, text);
  const findings = lint.data?.findings ?? [];
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const same = lint.data?.version !== undefined && lint.data.version === current?.version;
  const apply = async (): Promise<void> => {
    setBusy(true);
    try {
      const answer = await put(project, text, false);
      say(answer.changed ? `Version ${answer.version} is in use.` : 'The meaning did not change: no new version.');
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['shipyard', project] }),
        queries.invalidateQueries({ queryKey: ['shipyards', project] }),
        queries.invalidateQueries({ queryKey: projectsQuery.queryKey }),
      ]);
    } catch (failure) {
      say(failure instanceof Error ? failure.message : String(failure));
    }
    setBusy(false);
  };
  const goTo = (line: number): void => {
    const start =
      text
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length + (line > 1 ? 1 : 0);
    const end = text.indexOf('\n', start);
    area.current?.focus();
    area.current?.setSelectionRange(start, end === -1 ? text.length : end);
  };
  return (
    <div className="split even">
      <section className="panel editor" aria-label="Shipyard">
        <header>
          <h2>Shipyard</h2>
          <span className="muted" role="status">
            {lint.settling
              ? 'Checking …'
              : same
                ? 'in use'
                : lint.data?.version === undefined
                  ? ''
                  : `would be ${lint.data.version}`}
          </span>
          <button
            type="button"
            className="button small primary end"
            disabled={busy || lint.settling || errors > 0 || same || lint.data === undefined}
            onClick={() => void apply()}
          >
            Apply
          </button>
        </header>
        <div className="text">
          <pre aria-hidden="true" className="lines">
            {text
              .split('\n')
              .map((_, line) => `${line + 1}\n`)
              .join('')}
          </pre>
          <textarea
            ref={area}
            aria-label="Shipyard as YAML"
            spellCheck={false}
            wrap="off"
            rows={Math.max(18, text.split('\n').length)}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <div className="findings">
          {lint.isError ? <p role="alert">{lint.error.message}</p> : null}
          {lint.data !== undefined && findings.length === 0 ? <AllWell>No problem found</AllWell> : null}
          <ul>
            {findings.map((finding) => (
              <Problem
                key={`${finding.line} ${finding.column} ${finding.code} ${finding.pointer}`}
                finding={finding}
                goTo={goTo}
              />
            ))}
          </ul>
        </div>
      </section>
      <div className="beside">
        <PlanView plan={lint.data?.plan ?? (errors > 0 ? undefined : current?.plan)} />
        {current === undefined ? null : <Versions project={project} />}
      </div>
    </div>
  );
}

function Problem({ finding, goTo }: { finding: Finding; goTo: (line: number) => void }) {
  const { severity, line, column, detail, code } = finding;
  return (
    <li className={`tone-${severity === 'error' ? 'fail' : 'warning'}`}>
      <Glyph shape={severity === 'error' ? 'cross' : 'triangle'} />
      {line === undefined ? null : (
        <button type="button" className="button small ghost" onClick={() => goTo(line)}>
          {line}:{column}
        </button>
      )}
      <span>
        {detail} <code className="muted">{code}</code>
      </span>
    </li>
  );
}

function Versions({ project }: { project: string }) {
  const { data } = useQuery(shipyardVersionsQuery(project));
  return (
    <section className="panel" aria-label="Versions">
      <header>
        <h2>Versions</h2>
      </header>
      <ul className="versions">
        {data?.items.map((one) => (
          <li key={one.version}>
            <Link
              to="/projects/$project"
              params={{ project }}
              search={one.current ? {} : { version: one.version }}
              className="mono"
            >
              {one.version}
            </Link>
            <span className="muted">{one.current ? 'in use' : ''}</span>
            <span className="muted num">
              <Time at={one.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
