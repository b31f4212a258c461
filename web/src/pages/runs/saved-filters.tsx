import { useState, useSyncExternalStore } from 'react';
import { readSearch } from '../../app/search.ts';
import { Dialog, DialogEnd } from '../../ui/dialog.tsx';
import { isFiltered, type RunSearch, searchKeys } from './filter.ts';

type Saved = { name: string; search: RunSearch };

const KEY = 'slipway-run-filters';
const SAVED_MAX = 50;
const listeners = new Set<() => void>();

/** Filters under a name, kept in this browser; what is sent to others is the address. */
export function SavedFilters({ search, onChange }: { search: RunSearch; onChange: (search: RunSearch) => void }) {
  const text = useSyncExternalStore(subscribe, () => localStorage.getItem(KEY));
  const [naming, setNaming] = useState(false);
  const saved = readSaved(text);
  const shown = saved.find((one) => sameSearch(one.search, search));
  const choose = (value: string): void => {
    if (value === 'keep:') setNaming(true);
    else if (value === 'forget:') write(saved.filter((one) => one !== shown));
    else onChange(saved.find(({ name }) => `is:${name}` === value)?.search ?? {});
  };
  return (
    <>
      <select
        className="select"
        aria-label="Saved filters"
        value={shown === undefined ? '' : `is:${shown.name}`}
        onChange={({ target }) => choose(target.value)}
      >
        <option value="">Saved filters</option>
        {saved.map(({ name }) => (
          <option key={name} value={`is:${name}`}>
            {name}
          </option>
        ))}
        {shown === undefined && isFiltered(search) ? <option value="keep:">Save filter …</option> : null}
        {shown === undefined ? null : <option value="forget:">Delete filter</option>}
      </select>
      {naming ? (
        <Name
          taken={saved.map(({ name }) => name)}
          onName={(name) => write([...saved, { name, search }].slice(-SAVED_MAX))}
          onClose={() => setNaming(false)}
        />
      ) : null}
    </>
  );
}

function Name(props: { taken: readonly string[]; onName: (name: string) => void; onClose: () => void }) {
  const { taken, onName, onClose } = props;
  const [name, setName] = useState('');
  const known = taken.includes(name.trim());
  return (
    <Dialog title="Save filter" onClose={onClose}>
      <form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          onName(name.trim());
          onClose();
        }}
      >
        <label className="field">
          <span>Name</span>
          <input
            className="input"
            required
            maxLength={60}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </label>
        <p className="muted">{known ? 'A filter with this name exists.' : 'Saved in this browser.'}</p>
        <DialogEnd onClose={onClose}>
          <button type="submit" className="button primary" disabled={known || name.trim() === ''}>
            Save
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  );
}

function sameSearch(one: RunSearch, other: RunSearch): boolean {
  return searchKeys.every((key) => (one[key] ?? '') === (other[key] ?? ''));
}

/** What another version of the page wrote, or a person, may be anything. */
function readSaved(text: string | null): Saved[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    const read = readSearch(searchKeys);
    return (Array.isArray(list) ? list : []).flatMap((one: Partial<Saved> | null) =>
      typeof one?.name === 'string' && typeof one.search === 'object'
        ? [{ name: one.name, search: read(one.search) }]
        : [],
    );
  } catch {
    return [];
  }
}

function write(saved: readonly Saved[]): void {
  localStorage.setItem(KEY, JSON.stringify(saved));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
