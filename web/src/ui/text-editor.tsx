import './text-editor.css';
import { useRef } from 'react';
import { Glyph } from './badge.tsx';
import { AllWell } from './screens.tsx';

/** Something about a text, with its place: what a check on the server answers. */
export type Finding = {
  severity: 'error' | 'warning';
  code?: string | undefined;
  detail: string;
  pointer?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
};

/** A text with its line numbers, and below it what was found in it; a click goes to the line. */
export function TextEditor(props: {
  label: string;
  text: string;
  onText: (text: string) => void;
  /** undefined: not checked yet. */
  findings: readonly Finding[] | undefined;
  /** The check itself failed. */
  failure?: Error | null;
  rowsMin?: number;
}) {
  const { label, text, onText, findings, failure, rowsMin = 18 } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const lines = text.split('\n');
  const goTo = (line: number): void => {
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.current?.focus();
    area.current?.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  };
  return (
    <>
      <div className="text">
        <pre aria-hidden="true" className="lines">
          {lines.map((_, line) => `${line + 1}\n`).join('')}
        </pre>
        <textarea
          ref={area}
          aria-label={label}
          spellCheck={false}
          wrap="off"
          rows={Math.max(rowsMin, lines.length)}
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
      </div>
      <div className="findings">
        {failure ? <p role="alert">{failure.message}</p> : null}
        {findings?.length === 0 ? <AllWell>No problem found</AllWell> : null}
        <ul>
          {findings?.map((finding) => (
            <Problem
              key={`${finding.line} ${finding.column} ${finding.code} ${finding.pointer} ${finding.detail}`}
              finding={finding}
              goTo={goTo}
            />
          ))}
        </ul>
      </div>
    </>
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
        {detail} {code === undefined ? null : <code className="muted">{code}</code>}
      </span>
    </li>
  );
}
