type Change = { path: string; before: unknown; after: unknown };

const CHANGES_MAX = 500;
const TEXT_MAX = 300;

/** Only what is different, each with its path: nobody finds one changed number in two trees side by side. */
export function DiffView({ before, after }: { before: unknown; after: unknown }) {
  const changes: Change[] = [];
  collect(before, after, '', changes);
  if (changes.length === 0) return <p className="muted">No difference.</p>;
  return (
    <ul className="diff">
      {changes.slice(0, CHANGES_MAX).map(({ path, before: old, after: now }) => (
        <li key={path}>
          <code className="path">{path === '' ? 'all of it' : path}</code>
          {old === undefined ? null : (
            <del>
              <span className="sr">was </span>
              {shortText(old)}
            </del>
          )}
          {now === undefined ? null : (
            <ins>
              <span className="sr">is </span>
              {shortText(now)}
            </ins>
          )}
        </li>
      ))}
      {changes.length > CHANGES_MAX ? <li className="muted">and {changes.length - CHANGES_MAX} more</li> : null}
    </ul>
  );
}

function collect(before: unknown, after: unknown, path: string, changes: Change[]): void {
  if (Object.is(before, after)) return;
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const old = new Map(Object.entries(before));
    const now = new Map(Object.entries(after));
    for (const key of new Set([...old.keys(), ...now.keys()])) {
      const at = Array.isArray(before) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      collect(old.get(key), now.get(key), at, changes);
    }
    return;
  }
  changes.push({ path, before, after });
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function shortText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)} …` : text;
}
