import { type Client, SlipwayProblem } from '@slipway/sdk';
import { badUsage } from './exit-code.ts';

const PREFIX_MIN = 4;
const WHOLE_LENGTH = 36;
/** A prefix is looked for among so many of the newest runs. */
const RUNS_LOOKED_AT = 1000;

/** The run that an id or the beginning of one names. Only an unambiguous beginning of a recent run is completed. */
export async function wholeRunId(client: Client, text: string): Promise<string> {
  const prefix = text.toLowerCase();
  if (text.length >= WHOLE_LENGTH || !/^[0-9a-f-]+$/.test(prefix) || text.length < PREFIX_MIN) return text;
  try {
    return (await client.getRun({ run: text })).id;
  } catch (error) {
    if (!(error instanceof SlipwayProblem) || error.code !== 'unknown-run') throw error;
  }
  const { items } = await client.listRuns({ limit: RUNS_LOOKED_AT });
  const found = items.filter(({ id }) => id.startsWith(prefix)).map(({ id }) => id);
  if (found.length > 1) throw badUsage(`${found.length} runs begin with ${text}`, found.slice(0, 5));
  return found[0] ?? text;
}
