/** One sheet for the page. Colours are tokens; dark mode changes only the tokens. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #171b21; --soft: #59616d; --line: #e0e4ea; --grid: #eceff3;
  --pass: #17774a; --pass-bg: #dcf3e6; --warning: #8a5a00; --warning-bg: #fdedc8;
  --fail: #bf2026; --fail-bg: #fde0df; --info: #59616d; --info-bg: #eceff3;
  --inconclusive: #6644b8; --inconclusive-bg: #eae3fb; --accent: #2456b8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #171b21; --ink: #e8ebf0; --soft: #9aa4b2; --line: #2a313b; --grid: #222831;
    --pass: #62d39a; --pass-bg: #12382a; --warning: #f0bd57; --warning-bg: #40300c;
    --fail: #ff8d88; --fail-bg: #4a1b1d; --info: #9aa4b2; --info-bg: #222831;
    --inconclusive: #bba4f5; --inconclusive-bg: #2f2550; --accent: #8db4ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 56px; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 36px 0 12px; }
.path { color: var(--soft); font-size: .84rem; margin: 0 0 3px; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.top { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 20px 32px; padding: 22px 24px; border-top: 4px solid var(--tone); }
.top .why { grid-column: 1 / -1; margin: 0; font-size: 1.04rem; max-width: 76ch; overflow-wrap: anywhere; }
.score { text-align: right; }
.score b { display: block; font-size: 2rem; line-height: 1.1; font-variant-numeric: tabular-nums; letter-spacing: -.02em; color: var(--tone); }
.score span { color: var(--soft); font-size: .82rem; }
.meter { grid-column: 1 / -1; }
.meter svg { display: block; width: 100%; height: 44px; overflow: visible; }
.facts { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0; color: var(--soft); font-size: .82rem; }
.facts div { display: flex; gap: 6px; } .facts dt { opacity: .85; } .facts dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
.pass { --tone: var(--pass); --tint: var(--pass-bg); } .warning { --tone: var(--warning); --tint: var(--warning-bg); }
.fail { --tone: var(--fail); --tint: var(--fail-bg); } .info { --tone: var(--info); --tint: var(--info-bg); }
.inconclusive { --tone: var(--inconclusive); --tint: var(--inconclusive-bg); } .none { --tone: var(--soft); --tint: transparent; }
.badge { display: inline-flex; align-items: center; gap: 6px; padding: 1px 10px 1px 8px; border-radius: 99px; background: var(--tint); color: var(--tone); font-weight: 600; font-size: .8rem; white-space: nowrap; }
.scroll { overflow-x: auto; direction: rtl; border-radius: 12px; }
.scroll table { direction: ltr; border-collapse: separate; border-spacing: 3px; padding: 8px 10px 10px; width: max-content; min-width: 100%; }
.map th { font-weight: 500; font-size: .8rem; text-align: left; color: var(--soft); }
.map thead th { height: 138px; vertical-align: bottom; padding: 0; }
.map thead th span { display: block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 134px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin: 0 auto; font-variant-numeric: tabular-nums; }
.map thead th.now span { color: var(--ink); font-weight: 700; }
.map th:first-child { position: sticky; left: 0; background: var(--card); z-index: 1; }
.map tbody th { padding: 0 12px 0 6px; color: var(--ink); max-width: 220px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.map tbody th small { color: var(--soft); font-weight: 400; }
.map td { min-width: 34px; height: 30px; padding: 0; text-align: center; border-radius: 5px; background: var(--tint); color: var(--tone); font-weight: 700; font-size: .82rem; font-variant-numeric: tabular-nums; }
.map td.none { box-shadow: inset 0 0 0 1px var(--line); }
.map td.now { box-shadow: inset 0 0 0 2px var(--tone); }
.map tr.total td { font-size: .74rem; }
.map td:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 16px; margin: 10px 2px 0; color: var(--soft); font-size: .8rem; }
.legend i { font-style: normal; display: inline-block; width: 18px; text-align: center; margin-right: 6px; border-radius: 4px; background: var(--tint); color: var(--tone); font-weight: 700; }
.list { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 490px), 1fr)); gap: 14px; align-items: start; }
.sli { padding: 16px 18px; min-width: 0; }
.sli header { display: flex; justify-content: space-between; align-items: start; gap: 12px; }
.sli h3 { margin: 0; font-size: .98rem; overflow-wrap: anywhere; } .sli h3 small { display: block; color: var(--soft); font-weight: 400; font-size: .8rem; }
.sli p { margin: 8px 0 0; overflow-wrap: anywhere; font-size: .9rem; }
.chart { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; margin-top: 12px; }
.chart > svg { display: block; width: 100%; overflow: visible; } .chart > svg.limits { width: 76px; }
.chart text { font: 11px system-ui, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
.chart text.value { fill: var(--tone); font-weight: 700; font-size: 12.5px; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.chart .edge { stroke: var(--line); } .chart .line { fill: none; stroke: var(--soft); stroke-width: 1.5; opacity: .7; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.chart .limit { stroke: var(--tone); stroke-width: 1.25; stroke-dasharray: 5 3; } .chart text.limit-name { fill: var(--tone); font-weight: 600; }
.chart circle { fill: var(--card); stroke: var(--tone); stroke-width: 1.75; } .chart circle.now { fill: var(--tone); }
details { margin-top: 10px; font-size: .84rem; } summary { cursor: pointer; color: var(--accent); min-height: 24px; }
.rules { width: 100%; border-collapse: collapse; margin-top: 6px; } .rules td { padding: 5px 8px 5px 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
.rules td:first-child { color: var(--tone); font-weight: 700; width: 22px; } code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.soft { color: var(--soft); }
footer { margin-top: 32px; color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
@media (max-width: 560px) {
  main { padding: 16px 12px 40px; } .top { padding: 18px 16px; gap: 14px; } .sli { padding: 14px; }
  .score b { font-size: 1.6rem; } .map tbody th { max-width: 128px; padding-right: 8px; }
}
@media print { body { background: none; } .card { break-inside: avoid; } }
`;
