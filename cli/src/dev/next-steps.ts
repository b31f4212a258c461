import { DEFAULT_SERVER } from '../options.ts';
import type { Paint } from '../output/paint.ts';
import type { Showcase } from './examples.ts';

const WEB_ANSWER_MS = 1_000;

/** What somebody who has just seen a run could type next. */
export async function nextSteps(options: {
  url: string;
  run: string;
  showcase: Showcase;
  paint: Paint;
  /** Callers must show a token of this file. */
  tokenFile: string | undefined;
}): Promise<string[]> {
  const { url, run, showcase, paint, tokenFile } = options;
  const { project, stage, sequence, service, data } = showcase;
  const event = {
    specversion: '1.0',
    id: 'my-first-one',
    source: '/me',
    type: `${stage}.${sequence}.triggered`,
    data: { project, service, ...data },
  };
  const slipway = url === DEFAULT_SERVER ? 'npx slipway' : `SLIPWAY_SERVER=${url} npx slipway`;
  // By its variable: a token itself has no place on a screen.
  const curl = tokenFile === undefined ? 'curl' : 'curl -H "authorization: Bearer $SLIPWAY_TOKEN"';
  const steps: [string, string][] = [
    [
      'the same with curl, which waits for the result',
      `${curl} -sH 'content-type: application/cloudevents+json' -H 'prefer: wait=30' ${url}/v1/events -d '${JSON.stringify(event)}'`,
    ],
    ['that run, task by task', `${slipway} get run ${run}`],
    ['its events', `${curl} -s ${url}/v1/runs/${run}/events`],
    ['the services of each task', `${slipway} get services`],
    ['everything that happens, as it happens', `${curl} -sN ${url}/v1/stream`],
    ['the API', `${url}/v1/docs`],
  ];
  if (tokenFile !== undefined) steps.unshift(['a token, for all of these', exportLine(tokenFile)]);
  if (await hasWeb(url)) steps.unshift(['the web view', `${url}/`]);
  return [
    paint.bold('Try next'),
    ...steps.flatMap(([what, line]) => [paint.dim(`  # ${what}`), `  ${line}`]),
    '',
    'Runs are listed here as they end. Ctrl-C ends everything; the data stays.',
  ];
}

/** As the command line reads the file: the last word of the first line that is no comment. */
function exportLine(tokenFile: string): string {
  return `export SLIPWAY_TOKEN=$(awk '/^[ \\t]*[^# \\t]/ {print $NF; exit}' '${tokenFile.replaceAll("'", "'\\''")}')`;
}

async function hasWeb(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/`, {
      // As a browser asks: to anything else the address is one of the API.
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(WEB_ANSWER_MS),
      redirect: 'manual',
    });
    await answer.body?.cancel();
    return answer.ok && (answer.headers.get('content-type') ?? '').includes('text/html');
  } catch {
    return false;
  }
}
