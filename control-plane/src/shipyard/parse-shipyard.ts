import type { Plan, SourceProblem } from '@slipway/contract';
import { ProblemList } from './problem-list.ts';
import { readShipyard } from './reading/read-shipyard.ts';
import { planVersion } from './version.ts';
import { readYaml } from './yaml/read-yaml.ts';
import { SourceMap } from './yaml/source-map.ts';

/** With a plan, the problems are warnings only. */
export type ParsedShipyard = { plan?: Plan; problems: SourceProblem[] };

/** Reads a shipyard's YAML into the plan that is executed, or into everything that is wrong with it, in one go. */
export function parseShipyard(text: string): ParsedShipyard {
  const problems = new ProblemList(new SourceMap(text));
  const root = readYaml(problems);
  const draft = root && readShipyard(root, problems);
  if (draft === undefined || problems.hasErrors) return { problems: problems.sorted() };
  return { plan: { ...draft, version: planVersion(draft) }, problems: problems.sorted() };
}

/** What a person should know about a shipyard before it is used. */
export function lintShipyard(text: string): SourceProblem[] {
  return parseShipyard(text).problems;
}
