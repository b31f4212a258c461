import type { Explanation } from '../explain/types.ts';
import { type Html, html } from './html.ts';
import { compact, type ReportRun, SIGNS, statusClass } from './types.ts';

/** SLI by run, oldest on the left. The box starts scrolled to the newest run, without a script. */
export function heatMap(explanation: Explanation, runs: readonly ReportRun[]): Html {
  const declared = explanation.objectives.map(({ sli, displayName, keySli }) => ({
    sli,
    name: displayName || sli,
    keySli,
  }));
  const others = [...new Set(runs.flatMap((run) => run.slis.map(({ metric }) => metric)))]
    .filter((metric) => !declared.some(({ sli }) => sli === metric))
    .map((sli) => ({ sli, name: sli, keySli: false }));
  const newest = runs.length - 1;
  return html`<div class="scroll card" tabindex="0" role="region" aria-label="Heat map of SLIs over runs"><table class="map">
<thead><tr><th></th>${runs.map((run, i) => html`<th scope="col"${now(i === newest)} title="${run.time}"><span>${run.label}</span></th>`)}</tr></thead>
<tbody><tr class="total"><th scope="row">Score</th>${runs.map((run, i) => scoreCell(run, i === newest))}</tr>
${[...declared, ...others].map((row) => {
  const key = row.keySli ? html` <small title="key SLI: when it fails, the evaluation fails">key</small>` : null;
  return html`<tr><th scope="row" title="${row.sli}">${row.name}${key}</th>${runs.map((run, i) => cell(run, row.sli, i === newest))}</tr>
`;
})}</tbody></table></div>
<p class="legend">${['pass', 'warning', 'fail', 'inconclusive', 'info'].map((status) => html`<span class="${status}"><i aria-hidden="true">${SIGNS[status] ?? ''}</i>${status === 'info' ? 'informational' : status}</span>`)}<span class="none"><i style="box-shadow:inset 0 0 0 1px var(--line)" aria-hidden="true">&nbsp;</i>not measured</span></p>`;
}

const now = (is: boolean): Html | null => (is ? html` class="now"` : null);

function scoreCell(run: ReportRun, newest: boolean): Html {
  const score = run.score === null ? '' : String(Math.round(run.score));
  const said = `${run.label}: ${run.result}${run.score === null ? '' : `, score ${Number(run.score.toFixed(2))}`}`;
  return html`<td class="${statusClass(run.result)}${newest ? ' now' : ''}" title="${said}">${score}</td>`;
}

function cell(run: ReportRun, sli: string, newest: boolean): Html {
  const entry = run.slis.find(({ metric }) => metric === sli);
  const status = statusClass(entry?.status ?? 'none');
  const value = entry?.value === null || entry === undefined ? 'no value' : compact(entry.value);
  const said = `${run.label}, ${sli}: ${value}${entry === undefined ? '' : `, ${entry.status}`}`;
  return html`<td class="${status}${newest ? ' now' : ''}" title="${said}">${SIGNS[status] ?? ''}</td>`;
}
