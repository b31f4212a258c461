import { ownValue } from '@slipway/contract';
import type { Result } from '../run-kit.ts';

/** What CI systems read: a suite for each way to connect. */
export function junitOf(results: readonly Result[]): string {
  const suites = Map.groupBy(results, ({ connect }) => connect);
  const lines = [...suites].map(([connect, all]) => suiteOf(connect, all));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${lines.join('\n')}\n</testsuites>\n`;
}

function suiteOf(connect: string, results: readonly Result[]): string {
  const count = (outcome: Result['outcome']): number => results.filter((one) => one.outcome === outcome).length;
  const skipped = count('left-out');
  const counts = `tests="${results.length}" failures="${count('failed')}" skipped="${skipped}"`;
  return `  <testsuite name="slipway kit ${connect}" ${counts}>\n${results.map(caseOf).join('\n')}\n  </testsuite>`;
}

function caseOf(result: Result): string {
  const { case: one, connect, outcome, tookMs, reason } = result;
  const name = `name="${escaped(`${one.id}: ${one.title}`)}" classname="kit.${connect}.${one.group.replace(' ', '-')}"`;
  const open = `    <testcase ${name} time="${(tookMs / 1000).toFixed(3)}">`;
  if (outcome === 'left-out') return `${open}<skipped message="${escaped(reason ?? '')}"/></testcase>`;
  if (outcome === 'passed') return `${open}</testcase>`;
  const text = escaped(detailOf(result).join('\n'));
  if (outcome === 'warned') return `${open}<system-out>${text}</system-out></testcase>`;
  return `${open}<failure message="${escaped(result.wanted ?? '')}">${text}</failure></testcase>`;
}

/** What was sent, what came, and what should have come. */
export function detailOf({ sent, came, wanted, output }: Result): string[] {
  const printed = output === undefined || output === '' ? [] : ['the service printed:', ...indented(lastLines(output))];
  return [
    'sent:',
    ...indented(sent || 'nothing'),
    'came:',
    ...indented(came || 'nothing'),
    'should have come:',
    ...indented(wanted ?? ''),
    ...printed,
  ];
}

const OUTPUT_LINES_MAX = 6;

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-OUTPUT_LINES_MAX).join('\n');
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}

/** XML 1.0 has no place for most control characters. */
function escaped(text: string): string {
  const printable = Array.from(text, (character) => (isXml(character.codePointAt(0) ?? 0) ? character : '\ufffd'));
  return printable.join('').replace(/[<>&"]/g, (found) => ownValue(ENTITIES, found) ?? found);
}

function isXml(code: number): boolean {
  return (
    (code >= 0x20 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || code > 0xffff || [9, 10, 13].includes(code)
  );
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };
