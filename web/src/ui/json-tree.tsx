import { useState } from 'react';
import { copyText } from './copy.tsx';
import { visible } from './foreign.tsx';

const OPEN_DEPTH = 2;
const ITEMS_PAGE = 100;
const TEXT_MAX = 400;

/**
 * A payload as a tree. Each line copies its value, and where `expression` names the root of it (such as
 * `tasks.build.output`), the expression that a shipyard reads it with.
 */
export function JsonTree({ value, expression }: { value: unknown; expression?: string | undefined }) {
  if (value === undefined) return <p className="muted">None</p>;
  return (
    <ul className="json">
      <Node name={undefined} value={value} path={expression} depth={0} />
    </ul>
  );
}

function Node(props: { name: string | undefined; value: unknown; path: string | undefined; depth: number }) {
  const { name, value, path, depth } = props;
  const [open, setOpen] = useState(depth < OPEN_DEPTH);
  const children = childrenOf(value, path);
  const [shown, setShown] = useState(ITEMS_PAGE);
  const label = name === undefined ? null : <span className="key">{visible(name)}</span>;
  return (
    <li>
      <div className="line">
        {children === undefined || children.length === 0 ? (
          <span className="twig" />
        ) : (
          <button
            type="button"
            className="twig"
            aria-expanded={open}
            aria-label={`${open ? 'Fold' : 'Unfold'} ${name ?? 'the payload'}`}
            onClick={() => setOpen(!open)}
          />
        )}
        {label}
        <span className="value">
          {children === undefined ? <Scalar value={value} /> : <Size value={value} open={open} />}
        </span>
        <span className="tools">
          <button
            type="button"
            onClick={() => void copyText(textOf(value))}
            aria-label={`Copy value of ${name ?? 'all'}`}
          >
            copy
          </button>
          {path === undefined ? null : (
            <button
              type="button"
              onClick={() => void copyText(`\${{ ${path} }}`)}
              aria-label={`Copy expression of ${name ?? 'all'}`}
              title={`\${{ ${path} }}`}
            >
              {'${{ }}'}
            </button>
          )}
        </span>
      </div>
      {open && children !== undefined && children.length > 0 ? (
        <ul>
          {children.slice(0, shown).map((child) => (
            <Node key={child.name} name={child.name} value={child.value} path={child.path} depth={depth + 1} />
          ))}
          {children.length > shown ? (
            <li>
              <button type="button" className="button small ghost" onClick={() => setShown(shown + ITEMS_PAGE * 5)}>
                {children.length - shown} more
              </button>
            </li>
          ) : null}
        </ul>
      ) : null}
    </li>
  );
}

function Scalar({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== 'string')
    return <span className={`scalar ${value === null ? 'null' : typeof value}`}>{String(value)}</span>;
  const cut = !whole && value.length > TEXT_MAX;
  return (
    <span className="scalar string">
      {visible(JSON.stringify(cut ? value.slice(0, TEXT_MAX) : value))}
      {cut ? (
        <button type="button" className="button small ghost" onClick={() => setWhole(true)}>
          all {value.length.toLocaleString('en')} characters
        </button>
      ) : null}
    </span>
  );
}

function Size({ value, open }: { value: unknown; open: boolean }) {
  const count = Array.isArray(value) ? value.length : Object.keys(value ?? {}).length;
  const [left, right] = Array.isArray(value) ? '[]' : '{}';
  if (count === 0) return <span className="muted">{`${left}${right}`}</span>;
  return <span className="muted">{open ? `${left} ${count}` : `${left} … ${right} ${count}`}</span>;
}

type Child = { name: string; value: unknown; path: string | undefined };

function childrenOf(value: unknown, path: string | undefined): Child[] | undefined {
  if (Array.isArray(value)) {
    return value.map((item, index) => ({
      name: String(index),
      value: item,
      path: path === undefined ? undefined : `${path}[${index}]`,
    }));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).map(([name, item]) => ({
    name,
    value: item,
    path: path === undefined ? undefined : `${path}${memberText(name)}`,
  }));
}

/** CEL reads a name with a dash as a subtraction. */
function memberText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
}
