import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { projectsQuery, shipyardQuery } from '../../api/queries.ts';
import { Glyph } from '../../ui/badge.tsx';
import { shortCount } from '../../ui/format.ts';
import { useNarrow } from '../../ui/page.ts';
import { typedKeys } from '../../ui/record.ts';
import { phaseLooks } from '../../ui/state.ts';
import { phaseOf, type RunSearch, searchOfText, spans, textOfSearch } from './filter.ts';
import { SavedFilters } from './saved-filters.tsx';
import type { RunTally } from './use-run-tally.ts';

/** The filters. Every choice is a new address, so that it can be kept and sent to others. */
export function Facets(props: {
  search: RunSearch;
  counts: RunTally | undefined;
  onChange: (search: RunSearch) => void;
}) {
  const { search, counts, onChange } = props;
  const { data: projects } = useQuery(projectsQuery);
  const { data: shipyard } = useQuery({
    ...shipyardQuery(search.project ?? ''),
    enabled: search.project !== undefined,
  });
  const shown = phaseOf(search);
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
        {typedKeys(phaseLooks).map((phase) => {
          const { word, shape, tone } = phaseLooks[phase];
          const count = counts === undefined ? undefined : (counts.byPhase.get(phase) ?? 0);
          return (
            <button
              key={phase}
              type="button"
              className={`tone-${tone}${count === 0 ? ' none' : ''}`}
              aria-pressed={shown === phase}
              onClick={() => onChange({ ...search, show: shown === phase ? '' : phase })}
            >
              <Glyph shape={shape} />
              {word} <Count of={count} />
            </button>
          );
        })}
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
            <option value="">Any time</option>
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
          Service, label as key=value, or a context id
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
      <option value="">All {label}s</option>
      {all.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
