/** The look of `/v1/docs`. Inline, and allowed by its hash: the page needs nothing else. */
export const docsStyle = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #566173; --line: #dfe3ea; --ground: #fff; --panel: #f6f7f9;
  --accent: #0b5cad; --get: #0b5cad; --post: #1a7340; --put: #8a5300; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ee; --soft: #9aa6b8; --line: #2b3442; --ground: #12161d;
  --panel: #1a2029; --accent: #7ab7ff; --get: #7ab7ff; --post: #6fd39a; --put: #eab765; --delete: #ff9a92; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre, .path { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; }
code { background: var(--panel); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
.layout { display: grid; grid-template-columns: 17rem minmax(0, 1fr); max-width: 76rem; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2rem 1.25rem; font-size: .875rem;
  border-right: 1px solid var(--line); }
nav h2 { font-size: .75rem; letter-spacing: .05em; text-transform: uppercase; color: var(--soft); margin: 1.25rem 0 .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li a { display: block; padding: .2rem 0; color: var(--ink); }
main { padding: 2rem 2.5rem 6rem; min-width: 0; }
h1 { font-size: 1.75rem; margin: 0 0 .25rem; } h1 + p { color: var(--soft); margin-top: 0; }
section > h2 { font-size: 1.25rem; margin: 3rem 0 .25rem; } section > p { color: var(--soft); margin: 0 0 1rem; }
article { border: 1px solid var(--line); border-radius: 8px; margin: 0 0 1rem; padding: 1rem 1.25rem; }
article h3 { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; margin: 0; font-size: 1rem; font-weight: 600; }
article h3 a { color: inherit; } article > p { margin: .4rem 0 0; }
.path { font-size: 1rem; overflow-wrap: anywhere; }
.method { font: 700 .75rem/1.5 ui-monospace, Menlo, Consolas, monospace; letter-spacing: .03em; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .delete { color: var(--delete); }
.permission { margin-left: auto; font-weight: 400; font-size: .8125rem; color: var(--soft); }
h4 { font-size: .8125rem; color: var(--soft); margin: 1rem 0 .25rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
td, th { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); font-weight: 400; }
th { white-space: nowrap; width: 1%; padding-right: 1.25rem; } td tr:first-child > * { border-top: 0; padding-top: 0; } td.kind { color: var(--soft); width: 30%; }
.scroll { overflow-x: auto; }
details summary { cursor: pointer; } details > div { margin: .25rem 0 .5rem; padding-left: .75rem; border-left: 2px solid var(--line); }
.must { color: var(--soft); font-size: .75rem; white-space: nowrap; }
tr:target th code, article:target { background: color-mix(in srgb, var(--accent) 14%, transparent); }
@media (max-width: 60rem) { .layout { display: block; } nav { position: static; max-height: none; border: 0; padding-bottom: 0; }
  nav ul { display: flex; flex-wrap: wrap; gap: 0 1rem; } main { padding: 1rem 1.25rem 4rem; } .permission { margin-left: 0; }
  th { white-space: normal; width: auto; } nav li a { padding: .35rem 0; } }
`;
