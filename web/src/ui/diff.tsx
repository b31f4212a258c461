import { useMemo, useState } from 'react';
import { type Difference, differenceOf } from './difference.ts';
import { visible } from './foreign.tsx';
import { countText } from './format.ts';

const PARTS_PAGE = 100;
const TEXT_MAX = 300;

/** Two payloads as one tree with only the places that differ; what is the same is counted, and shown when asked for. */
export function DiffView({ before, after }: { before: unknown; after: unknown }) {
  const root = useMemo(() => differenceOf(before, after), [before, after]);
  if (root.kind === 'same') return <p className="muted">No difference</p>;
  return (
    <div className="diff">
      <p className="muted">{countText(root.count, 'difference')}</p>
      {root.kind === 'inside' ? <Parts parts={root.parts} /> : <Changed difference={root} />}
    </div>
  );
}

function Parts({ parts }: { parts: readonly Difference[] }) {
  const [shown, setShown] = useState(PARTS_PAGE);
  const [whole, setWhole] = useState(false);
  const wanted = whole ? parts : parts.filter(({ kind }) => kind !== 'same');
  const same = parts.length - wanted.length;
  return (
    <ul>
      {wanted.slice(0, shown).map((part) => (
        <Part key={part.name} part={part} />
      ))}
      {wanted.length > shown ? (
        <li>
          <button type="button" className="button small ghost" onClick={() => setShown(shown + PARTS_PAGE * 5)}>
            {countText(wanted.length - shown, 'more')}
          </button>
        </li>
      ) : null}
      {same > 0 ? (
        <li>
          <button type="button" className="same" onClick={() => setWhole(true)}>
            {same.toLocaleString('en')} the same
          </button>
        </li>
      ) : null}
    </ul>
  );
}

function Part({ part }: { part: Difference }) {
  if (part.kind === 'inside') {
    return (
      <li>
        <details open>
          <summary>
            <span className="key">{visible(part.name)}</span>
            <span className="muted">{Array.isArray(part.after) ? `[ ${part.after.length}` : '{'}</span>
          </summary>
          <Parts parts={part.parts} />
        </details>
      </li>
    );
  }
  return (
    <li>
      <span className="key">{visible(part.name)}</span>
      {part.kind === 'same' ? <span className="muted">{shortText(part.after)}</span> : <Changed difference={part} />}
    </li>
  );
}

function Changed({ difference }: { difference: Difference }) {
  const { kind, before, after } = difference;
  return (
    <span className="change">
      {kind === 'added' ? null : (
        <del>
          <span className="sr">was </span>
          {shortText(before)}
        </del>
      )}
      {kind === 'removed' ? null : (
        <ins>
          <span className="sr">is </span>
          {shortText(after)}
        </ins>
      )}
    </span>
  );
}

function shortText(value: unknown): string {
  const text = visible(JSON.stringify(value));
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)} …` : text;
}
