import type { Problem } from '@slipway/contract';
import { problemSchema } from '@slipway/contract';
import { SlipwayProblem } from '../errors.ts';

/** The refusal in an answer. Proxies on the way answer without a problem document: then the status has to do. */
export function problemOf(answer: { status: number; text: string }, request: string): SlipwayProblem {
  return new SlipwayProblem(readProblem(answer), request);
}

function readProblem({ status, text }: { status: number; text: string }): Problem {
  const parsed = problemSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const detail = text.trim().slice(0, 200) || `the server answered ${status} and nothing more`;
  return { type: 'about:blank', title: 'No problem document', status, detail, code: `http-${status}` };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
