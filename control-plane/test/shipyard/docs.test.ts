import { readFileSync } from 'node:fs';
import {
  concurrencySchema,
  retrySchema,
  sequenceSchema,
  shipyardSchema,
  stageSchema,
  taskSchema,
  triggerSchema,
} from '@slipway/contract';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createEvaluator, lintShipyard, parseShipyard, renderProblems } from '../../src/shipyard/index.ts';
import { problemsOf, withSequence, withTask } from './support.ts';

const page = readFileSync(new URL('../../../docs/shipyard.md', import.meta.url), 'utf8');

/** The fenced blocks whose opening line ends like this. */
function blocks(opening: string): string[] {
  const found = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].filter((block) => block[1] === opening);
  if (found.length === 0) throw new Error(`there is no block of ${opening} in docs/shipyard.md`);
  return found.map((block) => block[2] ?? '');
}

/** The rows of the tables below a heading, as cells. */
function rowsBelow(heading: string): string[][] {
  const section = page.split(/^(?=#+ )/m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| (.*) \|$/gm)].map((row) => (row[1] ?? '').split(' | '));
}

describe('docs/shipyard.md', () => {
  test.each(blocks('yaml'))('has whole shipyards without a problem: %#', (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test.each(blocks('yaml sequence'))('has sequences without a problem: %#', (text) => {
    expect(problemsOf(withSequence(text))).toEqual([]);
  });

  test.each(blocks('yaml task'))('has tasks without a problem: %#', (text) => {
    expect(problemsOf(withTask(text))).toEqual([]);
  });

  test('shows a problem as it is shown', () => {
    const text = (blocks('yaml')[0] ?? '').replace(/with: .*/, 'wiht: {score: 1}');
    expect(`${renderProblems(text, 'shipyard.yaml', lintShipyard(text))}\n`).toBe(blocks('text')[0]);
  });

  const scope = z.record(z.string(), z.unknown()).parse(JSON.parse(blocks('json scope')[0] ?? ''));
  const isCode = (cell: string | undefined): boolean => /^`[^`]+`$/.test(cell ?? '');
  const examples = rowsBelow('## Expressions').filter(([first, second]) => isCode(first) && isCode(second));

  test.each(examples.map((cells) => [cells[0]?.slice(1, -1) ?? '', cells[1]?.slice(1, -1) ?? '']))(
    'says that %s is %s',
    (expression, value) => {
      const result = createEvaluator().evaluate(expression, scope);
      expect(result.ok ? JSON.stringify(result.value) : result.message).toBe(value);
    },
  );

  test('names every key there is', () => {
    const schemas = [
      shipyardSchema,
      stageSchema,
      sequenceSchema,
      taskSchema,
      triggerSchema,
      concurrencySchema,
      retrySchema,
    ];
    const keys = new Set(schemas.flatMap((schema) => Object.keys(schema.shape)));
    expect([...keys].filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
  });

  test('names every key that is not supported yet', () => {
    const refused = Object.keys(taskSchema.shape).filter((key) =>
      lintShipyard(withTask(`- {name: a, ${key}: 1}`)).some((problem) => problem.code === 'not-supported-yet'),
    );
    const table = rowsBelow('## Not supported yet').map((cells) => cells[0] ?? '');
    expect(refused).toEqual(['forEach', 'batchSize', 'parallel', 'sequence', 'wait']);
    expect(refused.filter((key) => !table.some((cell) => cell.includes(`\`${key}\``)))).toEqual([]);
    expect(
      parseShipyard(withSequence('- {name: a, concurrency: {policy: cancel-running}, tasks: [{name: a}]}')).plan,
    ).toBeUndefined();
  });
});
