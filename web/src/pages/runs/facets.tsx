import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { projectsQuery, runCountsQuery, shipyardQuery } from '../../api/queries.ts';
import { shortCount } from '../../ui/format.ts';
import { useNow } from '../../ui/now.ts';
import { useNarrow } from '../../ui/page.ts';
import { type RunSearch, runQueryOf, searchOfText, shows, spans, textOfSearch } from './filter.ts';
import { SavedFilters } from './saved-filters.tsx';

/** The filters. Every choice is a new address, so that it can be kept and sent to others. */
export function Facets({ search, onChange }: { search: RunSearch; onChange: (search: RunSearch) => void }) {
  const { data: projects } = useQuery(projectsQuery);
  const { data: shipyard } = useQuery({
    ...shipyardQuery(search.project ?? ''),
    enabled: search.project !== undefined,
  });
  const counts = useCounts(search);
  const moreId = useId();
  // On a phone they are folded: the list needs the room.
  const [open, setOpen] = useState(false);
  const set = [search.project, search.stage, search.sequence, search.within].filter((one) => one !== undefined).length;
  const stages = shipyard?.plan.stages ?? [];
  const sequences = stages
    .filter((stage) => search.stage === undefined || stage.name === search.stage)
    .flatMap((stage) => stage.sequences.filter(({ builtIn }) => !builtIn).map(({ name }) => name));
  return (
    <div className="facets">
      <fieldset className="segments" aria-label="State">
        <button
          type="button"
          aria-pressed={search.show === undefined}
          onClick={() => onChange({ ...search, show: '' })}
        >
          All <Count of={counts?.total} />
        </button>
        {shows.map(({ key, word }) => (
          <button
            key={key}
            type="button"
            aria-pressed={search.show === key}
            onClick={() => onChange({ ...search, show: search.show === key ? '' : key })}
          >
            {word} <Count of={counts === undefined ? undefined : (counts.byShow.get(key) ?? 0)} />
          </button>
        ))}
      </fieldset>
      <div className={open ? 'choices open' : 'choices'}>
        <TextFilter key={textOfSearch(search)} search={search} onChange={onChange} />
        <button
          type="button"
          className="button only-narrow"
          aria-expanded={open}
          aria-controls={moreId}
          onClick={() => setOpen(!open)}
        >
          Filters{set === 0 ? '' : ` (${set})`}
        </button>
        <div id={moreId} className="more">
          <Choice
            label="project"
            value={search.project}
            options={(projects?.items ?? []).map(({ name }) => name)}
            onChange={(project) => onChange({ ...search, project, stage: '', sequence: '' })}
          />
          <Choice
            label="stage"
            value={search.stage}
            options={stages.map(({ name }) => name)}
            hint={search.project === undefined ? 'Choose a project first' : undefined}
            onChange={(stage) => onChange({ ...search, stage, sequence: '' })}
          />
          <Choice
            label="sequence"
            value={search.sequence}
            options={[...new Set(sequences)]}
            hint={search.project === undefined ? 'Choose a project first' : undefined}
            onChange={(sequence) => onChange({ ...search, sequence })}
          />
          <select
            className="select"
            aria-label="Time"
            value={search.within ?? ''}
            onChange={(event) => onChange({ ...search, within: event.target.value })}
          >
            <option value="">any time</option>
            {spans.map(({ key, word }) => (
              <option key={key} value={key}>
                {word}
              </option>
            ))}
          </select>
          <SavedFilters search={search} onChange={onChange} />
        </div>
      </div>
    </div>
  );
}

const RECOUNT_MS = 20_000;

/** How many of each state the other filters leave; counted again now and then, for the list below is what is live. */
function useCounts(search: RunSearch): { total: number; byShow: ReadonlyMap<string, number> } | undefined {
  const minute = useNow(0);
  const { state: _state, result: _result, ...filter } = runQueryOf(search, minute);
  const { data } = useQuery({
    ...runCountsQuery(filter),
    placeholderData: keepPreviousData,
    refetchInterval: RECOUNT_MS,
  });
  if (data === undefined) return undefined;
  const byShow = new Map<string, number>();
  for (const { state, result, count } of data.items) {
    const key = state === 'finished' ? (result ?? 'pass') : state;
    byShow.set(key, (byShow.get(key) ?? 0) + count);
  }
  return { total: data.total, byShow };
}

/** As wide as its number will be, so that the choices do not move when it comes. */
function Count({ of }: { of: number | undefined }) {
  return <span className="count-of">{of === undefined ? '' : shortCount(of)}</span>;
}

function TextFilter({ search, onChange }: { search: RunSearch; onChange: (search: RunSearch) => void }) {
  const [text, setText] = useState(textOfSearch(search));
  const narrow = useNarrow();
  const id = useId();
  const apply = (): void => {
    if (text === textOfSearch(search)) return;
    onChange({ ...search, service: '', label: '', correlationid: '', ...searchOfText(text) });
  };
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <label className="sr" htmlFor={id}>
          Service, label as key=value, or a context
        </label>
        <input
          id={id}
          className="input"
          type="search"
          data-filter
          placeholder={narrow ? 'Service or label=value' : 'Service, label=value or context    /'}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onBlur={apply}
        />
      </form>
    </search>
  );
}

function Choice(props: {
  label: string;
  value: string | undefined;
  options: readonly string[];
  hint?: string | undefined;
  onChange: (value: string) => void;
}) {
  const { label, value, options, hint, onChange } = props;
  // What the address asks for is shown even when no project has it.
  const all = value === undefined || options.includes(value) ? options : [value, ...options];
  return (
    <select
      className="select"
      aria-label={label}
      title={hint}
      disabled={all.length === 0}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">any {label}</option>
      {all.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
