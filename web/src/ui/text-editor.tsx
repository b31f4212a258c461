import './text-editor.css';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { Glyph } from './badge.tsx';
import { Message, visible } from './foreign.tsx';
import { countText } from './format.ts';
import { AllWell, Failed, Loading } from './screens.tsx';
import type { Schema } from './text-editor-completion.ts';
import type { CodeView, Finding, Language } from './text-editor-view.ts';

export type { Finding };

/** A text that is written as code. */
type Written = {
  label: string;
  language?: Language;
  /** Whose keys are completed while typing. */
  schema?: () => Promise<Schema>;
  text: string;
  onText: (text: string) => void;
  /** undefined: not checked yet. */
  findings: readonly Finding[] | undefined;
  rowsMin?: number;
};

/** A text with what was found in it: underlined, marked beside its line, and as a list below that leads to the place. */
export function TextEditor({
  failure,
  ...written
}: Written & { /** The check itself failed. */ failure?: Error | null }) {
  const { findings } = written;
  const view = useRef<CodeView>(null);
  return (
    <>
      <Code {...written} view={view} />
      <div className="findings">
        {failure ? <p role="alert">{visible(failure.message)}</p> : null}
        {findings === undefined ? null : (
          <div role="status" className={findings.length === 0 ? undefined : 'sr'}>
            {findings.length === 0 ? <AllWell>No problems found</AllWell> : countText(findings.length, 'problem')}
          </div>
        )}
        <ul>
          {findings?.map((finding) => (
            <Problem
              key={`${finding.line} ${finding.column} ${finding.code} ${finding.pointer} ${finding.detail}`}
              finding={finding}
              goTo={(line, column) => view.current?.goTo(line, column)}
            />
          ))}
        </ul>
      </div>
    </>
  );
}

const ROW_PX = 20;
const PADDING_PX = 24;

/** The editor itself, which is fetched when one is opened: it is as large as everything else together. */
function Code(props: Written & { view: React.RefObject<CodeView | null> }) {
  const { view, label, language = 'yaml', schema, text, onText, findings, rowsMin = 18 } = props;
  const host = useRef<HTMLDivElement>(null);
  const [height] = useState(() => Math.max(rowsMin, text.split('\n').length) * ROW_PX + PADDING_PX);
  const [isOpen, setOpen] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const open = useEffectEvent(({ openCodeView }: typeof import('./text-editor-view.ts'), keys: Schema | undefined) => {
    if (host.current === null) return;
    view.current = openCodeView({
      host: host.current,
      label,
      language,
      schema: keys,
      text,
      onText: (now) => typed(now),
    });
    setOpen(true);
  });
  const typed = useEffectEvent(onText);
  useEffect(() => {
    if (failure !== undefined) return;
    let isGone = false;
    Promise.all([import('./text-editor-view.ts'), schema?.()]).then(
      ([code, keys]) => isGone || open(code, keys),
      (reason: unknown) => isGone || setFailure(reason),
    );
    return () => {
      isGone = true;
      view.current?.close();
      view.current = null;
    };
  }, [failure, schema, view]);
  useEffect(() => view.current?.setText(text), [text, view]);
  useEffect(() => {
    if (isOpen) view.current?.setFindings(findings ?? []);
  }, [findings, isOpen, view]);
  if (failure !== undefined) {
    return <Failed error={failure} what="The editor could not be loaded" retry={() => setFailure(undefined)} />;
  }
  return (
    <div ref={host} className="editor-code" style={{ minHeight: `min(${height}px, 70dvh)` }}>
      {isOpen ? null : <Loading rows={Math.min(rowsMin, 8)} height={12} />}
    </div>
  );
}

function Problem(props: { finding: Finding; goTo: (line: number, column: number) => void }) {
  const { severity, line, column = 1, detail, code } = props.finding;
  return (
    <li className={`tone-${severity === 'error' ? 'fail' : 'warning'}`}>
      <Glyph shape={severity === 'error' ? 'cross' : 'triangle'} />
      {line === undefined ? null : (
        <button type="button" className="button small ghost" onClick={() => props.goTo(line, column)}>
          {line}:{column}
        </button>
      )}
      <span>
        <Message text={detail} /> {code === undefined ? null : <code className="muted">{code}</code>}
      </span>
    </li>
  );
}
