import type { Case } from '../case.ts';
import { answerCases } from './answer.ts';
import { drainCases, restartCases } from './end.ts';
import { errorCases, inputCases } from './errors.ts';
import { concurrencyCases, largeCases } from './load.ts';
import { progressCases } from './progress.ts';
import { cancellationCases, repeatCases } from './repeats.ts';

/** In the order of `GROUPS`. */
export const CASES: readonly Case[] = [
  ...answerCases,
  ...progressCases,
  ...errorCases,
  ...inputCases,
  ...cancellationCases,
  ...repeatCases,
  ...largeCases,
  ...concurrencyCases,
  ...drainCases,
  ...restartCases,
];
