import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseShipyard } from '@slipway/control-plane/shipyard';

/** A shipyard of shipyard-examples/; its project has the name of the file. */
export type Example = { project: string; file: string; text: string };

/** A sequence that is worth a look, and what starts it. */
export type Showcase = {
  project: string;
  stage: string;
  sequence: string;
  service: string;
  data: Record<string, unknown>;
};

/** The first whose services are there is shown. */
const SHOWCASES: readonly Showcase[] = [
  {
    project: 'photos',
    stage: 'dev',
    sequence: 'authenticity',
    service: 'harbour',
    data: { image: 'harbour.jpg' },
  },
  {
    project: 'checknumber',
    stage: 'dev',
    sequence: 'sequence-one',
    service: 'hotline',
    data: { checknumber: { number: '+49 30 901820' } },
  },
];

export function readExamples(root: string): Example[] {
  const folder = join(root, 'shipyard-examples');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .toSorted()
    .map((name) => join(folder, name))
    .map((file) => ({ project: basename(file).replace(/\.ya?ml$/, ''), file, text: readFileSync(file, 'utf8') }));
}

/** A showcase with the task types that its sequence triggers. */
export type Candidate = { showcase: Showcase; tasks: string[] };

/** What could be shown, the best first. */
export function findShowcases(examples: readonly Example[]): Candidate[] {
  return SHOWCASES.flatMap((showcase) => {
    const example = examples.find(({ project }) => project === showcase.project);
    const stage = parseShipyard(example?.text ?? '').plan?.stages.find(({ name }) => name === showcase.stage);
    const sequence = stage?.sequences.find(({ name }) => name === showcase.sequence);
    return sequence === undefined ? [] : [{ showcase, tasks: [...new Set(sequence.tasks.map((task) => task.uses))] }];
  });
}
