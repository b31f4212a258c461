import type { ExplainedObjective, Explanation } from '../explain/types.ts';
import { chart } from './chart.ts';
import { heatMap } from './heat-map.ts';
import { Html, html } from './html.ts';
import { style } from './style.ts';
import { type ReportInput, type ReportRun, SIGNS, statusClass } from './types.ts';

/** More runs than this make the map wider than it is useful. */
const RUNS_MAX = 60;

/** The whole page: no script, no request, readable without a server in light and in dark. */
export function renderReport(input: ReportInput): string {
  const { explanation, project, stage, service } = input;
  const runs = input.runs.slice(-RUNS_MAX);
  const place = [project, stage, service].filter((part) => part !== '').join(' / ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${explanation.verdict}: evaluation of ${place}</title>
<style>${new Html(style)}</style>
</head>
<body><main>
${header(input, place)}
<h2>Runs</h2>
${heatMap(explanation, runs)}
<h2>Objectives</h2>
<section class="list">${explanation.objectives.map((objective) => card(objective, runs))}</section>
<footer>Rules ${explanation.rules}${explanation.comparedRuns.length === 0 ? '' : html` · compared with ${explanation.comparedRuns.join(', ')}`}</footer>
</main></body>
</html>
`;
  return page.text;
}

function header({ explanation, window }: ReportInput, place: string): Html {
  const { verdict, score } = explanation;
  return html`<section class="card top ${statusClass(verdict)}">
<div><p class="path">${place}</p><h1>${badge(verdict)} Evaluation</h1></div>
<div class="score"><b>${Number(score.toFixed(2))}</b><span>of 100</span></div>
<p class="why">${explanation.why}</p>
<div class="meter">${meter(explanation)}</div>
<dl class="facts">${fact('From', window.start)}${fact('To', window.end)}${fact('Objectives', String(explanation.objectives.length))}${fact('Compared with', runsText(explanation.comparedRuns.length))}</dl>
</section>`;
}

const runsText = (count: number): string =>
  count === 0 ? 'no earlier run' : count === 1 ? '1 earlier run' : `${count} earlier runs`;

const fact = (name: string, value: string): Html | null =>
  value === '' ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

const badge = (status: string): Html =>
  html`<span class="badge ${statusClass(status)}"><span aria-hidden="true">${SIGNS[statusClass(status)] ?? ''}</span>${status}</span>`;

/** The score on a bar from 0 to 100 with both thresholds marked. */
function meter({ score, pass, warning }: Explanation): Html {
  const at = (value: number): string => String(Number(Math.min(100, Math.max(0, value)).toFixed(2)));
  const mark = (value: number | null, name: string, row: 'pass' | 'warning'): Html | null => {
    if (value === null || !Number.isFinite(value)) return null;
    const anchor = value > 85 ? 'end' : value < 15 ? 'start' : 'middle';
    const y = row === 'pass' ? 40 : 9;
    return html`<line x1="${at(value)}%" x2="${at(value)}%" y1="13" y2="29" stroke="var(--${row})" stroke-width="2"/><text x="${at(value)}%" y="${y}" text-anchor="${anchor}" font-size="11" fill="var(--${row})">${name} ${Number(value.toFixed(2))}</text>`;
  };
  return html`<svg role="img" aria-label="Score ${Number(score.toFixed(2))} of 100"><rect width="100%" height="8" y="17" rx="4" fill="var(--grid)"/><rect width="${at(score)}%" height="8" y="17" rx="4" fill="var(--tone)"/>${mark(warning, 'warning', 'warning')}${mark(pass, 'pass', 'pass')}</svg>`;
}

function card(objective: ExplainedObjective, runs: readonly ReportRun[]): Html {
  const { sli, displayName, status, weight, keySli, score, maximum } = objective;
  const counted = maximum === 0 ? 'not counted' : `${Number(score.toFixed(2))} of ${Number(maximum.toFixed(2))} points`;
  const facts = [
    displayName === '' ? null : sli,
    counted,
    weight === 1 ? null : `weight ${weight}`,
    keySli ? 'key SLI' : null,
  ];
  return html`<article class="card sli">
<header><h3>${displayName || sli}<small>${facts.filter((fact) => fact !== null).join(' · ')}</small></h3>${badge(status)}</header>
<p>${sentence(objective.why)}</p>
${chart(objective, runs)}
${criteria(objective)}
</article>`;
}

const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;

function criteria({ criteria: list, findings, baseline }: ExplainedObjective): Html | null {
  const shown = findings.filter((finding) => finding.sentence !== '');
  if (list.length === 0 && shown.length === 0) return null;
  const from = baseline.values.map(({ run, value }) => `${run}: ${value}`).join(', ');
  return html`<details><summary>How it was decided</summary><table class="rules">
${list.map(
  (criterion) =>
    html`<tr class="${criterion.holds ? 'pass' : 'fail'}"><td>${criterion.holds ? '✓' : '✕'}</td><td><code>${criterion.text}</code> <span class="soft">${criterion.role}, alternative ${criterion.group + 1}</span></td><td>${criterion.formula}</td></tr>`,
)}${shown.map((finding) => html`<tr class="${statusClass(finding.outcome)}"><td>${SIGNS[finding.outcome] ?? ''}</td><td>${finding.kind}</td><td>${finding.sentence}</td></tr>`)}
</table>${baseline.aggregate === null ? null : html`<p class="soft">Baseline ${baseline.aggregate} is the ${baseline.function} of ${from}.</p>`}</details>`;
}
