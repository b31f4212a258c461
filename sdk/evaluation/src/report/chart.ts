import { hasNoTarget } from '../explain/formula.ts';
import type { ExplainedObjective } from '../explain/types.ts';
import { type Html, html } from './html.ts';
import { compact, type ReportRun, statusClass } from './types.ts';

const HEIGHT = 116;
const TOP = 16;
const BOTTOM = 14;
/** Room at both ends for half a dot, in percent of the width. */
const SIDE = 2;
/** Labels nearer than this would touch. */
const LABEL_GAP = 13;

interface Point {
  /** Percent of the width: the plot stretches, its text does not. */
  readonly x: number;
  readonly y: number;
  readonly value: number;
  readonly status: string;
  readonly label: string;
}

interface Limit {
  readonly y: number;
  readonly value: number;
  readonly role: string;
  readonly text: string;
}

/** Values over the runs with the thresholds of this run, drawn as dashed lines with their criterion. */
export function chart(objective: ExplainedObjective, runs: readonly ReportRun[]): Html | null {
  const series = runs.map((run) => ({ run, entry: run.slis.find((sli) => sli.metric === objective.sli) }));
  const measured = series.flatMap(({ run, entry }, index) =>
    entry === undefined || entry.value === null
      ? []
      : [{ index, value: entry.value, status: entry.status, label: run.label }],
  );
  if (measured.length === 0) return null;
  const limits = limitsOf(objective);
  const scale = scaleOf([...measured.map(({ value }) => value), ...limits.map(({ value }) => value)]);
  const step = (100 - 2 * SIDE) / Math.max(1, series.length - 1);
  const points = measured.map(({ index, ...rest }): Point => {
    const x = series.length < 2 ? 50 : SIDE + index * step;
    return { ...rest, x, y: scale(rest.value) };
  });
  const drawn = limits.map((limit): Limit => ({ ...limit, y: scale(limit.value) }));
  const last = points.at(-1);
  const name = `${objective.displayName || objective.sli} over ${runs.length} runs`;
  const line = points.map(({ x, y }) => `${fixed(x)},${fixed(y)}`).join(' ');
  return html`<div class="chart"><svg height="${HEIGHT}" role="img" aria-label="${name}">
<line class="edge" x1="0" x2="100%" y1="${HEIGHT - 2}" y2="${HEIGHT - 2}"/>
${drawn.map(limitLine)}
<svg viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none"><polyline class="line" points="${line}"/></svg>
${points.map((point) => dot(point, point === last && measured.at(-1)?.index === series.length - 1))}
${last === undefined ? null : valueName(last)}</svg>
${drawn.length === 0 ? null : html`<svg class="limits" height="${HEIGHT}" aria-hidden="true">${spread(drawn).map(({ limit, y }) => limitName(limit, y))}</svg>`}</div>`;
}

function limitsOf(objective: ExplainedObjective): Omit<Limit, 'y'>[] {
  const seen = new Set<string>();
  return objective.criteria.flatMap((criterion) => {
    const key = `${criterion.role} ${criterion.target}`;
    if (seen.has(key) || hasNoTarget(criterion.formula)) return [];
    seen.add(key);
    return [{ value: criterion.target, role: criterion.role, text: criterion.text }];
  });
}

function scaleOf(values: readonly number[]): (value: number) => number {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = high === low ? Math.max(1, Math.abs(high) * 0.1) : (high - low) * 0.08;
  const span = high - low + 2 * room;
  return (value) => TOP + ((high + room - value) / span) * (HEIGHT - TOP - BOTTOM);
}

const limitLine = ({ y, role }: Limit): Html =>
  html`<line class="limit ${statusClass(role)}" x1="0" x2="100%" y1="${fixed(y)}" y2="${fixed(y)}"/>`;

function limitName({ text, value, role }: Limit, y: number): Html {
  const said = text.replaceAll(' ', '');
  const label = said.length > 13 ? compact(value) : said;
  return html`<text class="limit-name ${statusClass(role)}" x="0" y="${fixed(y + 3.5)}">${label}</text>`;
}

/** Moves labels apart, keeping their order, so that two close thresholds stay readable. */
function spread(limits: readonly Limit[]): { limit: Limit; y: number }[] {
  const placed: { limit: Limit; y: number }[] = [];
  for (const limit of limits.toSorted((a, b) => a.y - b.y)) {
    const above = placed.at(-1)?.y ?? Number.NEGATIVE_INFINITY;
    placed.push({ limit, y: Math.max(limit.y, above + LABEL_GAP) });
  }
  const over = (placed.at(-1)?.y ?? 0) - (HEIGHT - 4);
  return over > 0 ? placed.map(({ limit, y }) => ({ limit, y: y - over })) : placed;
}

const dot = ({ x, y, value, status, label }: Point, now: boolean): Html =>
  html`<circle class="${statusClass(status)}${now ? ' now' : ''}" cx="${fixed(x)}%" cy="${fixed(y)}" r="${now ? 4.5 : 3}"><title>${label}: ${value} (${status})</title></circle>`;

function valueName({ x, y, value, status }: Point): Html {
  const below = y < TOP + 10;
  return html`<text class="value ${statusClass(status)}" x="${fixed(x)}%" y="${fixed(below ? y + 18 : y - 9)}" text-anchor="${x > 90 ? 'end' : 'middle'}">${compact(value)}</text>`;
}

const fixed = (value: number): string => String(Number(value.toFixed(1)));
