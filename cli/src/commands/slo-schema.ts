import { sloJsonSchema } from '@slipway/evaluation';
import { exitCode } from '../exit-code.ts';
import type { Terminal } from '../output/terminal.ts';

/** `slipway slo schema`: the JSON Schema of slo.yaml, for editors. */
export async function sloSchema({ terminal }: { terminal: Terminal }): Promise<number> {
  terminal.printJson(sloJsonSchema());
  return exitCode.done;
}
