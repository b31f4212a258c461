import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Draws what `npm start -- --once` prints as docs/pictures/run.svg, which the README shows. */
const root = fileURLToPath(new URL('..', import.meta.url));
const LINE_PX = 19;
const CHAR_PX = 8.05;
const LINES_MAX = 46;

const done = spawnSync('npm', ['start', '--', '--once'], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, NO_COLOR: '1' },
});
if (done.status !== 0) throw new Error(`npm start ended with ${done.status}: ${done.stderr}`);
const printed = done.stdout.split('\n').filter((line) => !/^> |^npm |^Web view/.test(line));
const first = printed.findIndex((line) => line.trim() !== '');
const lines = ['$ npm start', ...printed.slice(first)].slice(0, LINES_MAX);
while (lines.at(-1)?.trim() === '') lines.pop();

const width = Math.ceil(Math.max(...lines.map((line) => Math.min(line.length, 130))) * CHAR_PX) + 48;
const height = lines.length * LINE_PX + 44;
const rows = lines.map((line, index) => {
  const kind = line.startsWith('$')
    ? 'c'
    : /\bpass\b/.test(line)
      ? 'p'
      : /\bfail\b/.test(line)
        ? 'f'
        : /^ {2}\+/.test(line)
          ? 't'
          : 'n';
  return `<text class="${kind}" x="24" y="${34 + index * LINE_PX}" xml:space="preserve">${escapeXml(line.slice(0, 130))}</text>`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What npm start prints">
<style>
  .b { fill: #fbfbfa; stroke: #d9d8d3 } text { font: 13.4px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #33363b }
  .c { fill: #0b5cad; font-weight: 600 } .p { fill: #1a7f37 } .f { fill: #b42318 } .t { fill: #57606a }
  @media (prefers-color-scheme: dark) { .b { fill: #15171a; stroke: #2d3136 } text { fill: #d5d8dc } .c { fill: #6cb6ff } .p { fill: #57c17b } .f { fill: #ff7b72 } .t { fill: #9aa3ad } }
</style>
<rect class="b" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
${rows.join('\n')}
</svg>
`;
mkdirSync(`${root}docs/pictures`, { recursive: true });
writeFileSync(`${root}docs/pictures/run.svg`, svg);
process.stdout.write(`docs/pictures/run.svg: ${lines.length} lines, ${width} x ${height}\n`);

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
