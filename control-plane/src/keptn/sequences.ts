import { type RunCommand, type RunSummary, runCommandSchema } from '@slipway/contract';
import { type ControlPlane, Refusal } from '../runtime/control-plane.ts';
import { type KeptnRoute, textOf } from './context.ts';
import { KeptnError, pageB } from './reply.ts';

const RUNS_MAX = 1_000;
const CONTEXTS_MAX = 100;

/** Sequences of a project by context, and commands on all runs of one. */
export const sequenceRoutes: readonly KeptnRoute[] = [
  {
    method: 'POST',
    path: '/v1/sequence/{project}/{context}/control',
    permission: 'runs:control',
    handler: async ({ plane, params, body }) => {
      const command = runCommandSchema.safeParse(textOf(body, 'state'));
      if (!command.success) throw new KeptnError(400, 'state must be pause, resume or abort');
      const stage = textOf(body, 'stage');
      const runs = await runsOf(plane, params.project ?? '', params.context ?? '');
      for (const { id } of runs.filter((run) => stage === '' || run.stage === stage)) {
        await control(plane, id, command.data);
      }
      return { status: 200 };
    },
  },
  {
    method: 'GET',
    path: '/v1/sequence/{project}',
    permission: 'runs:read',
    handler: async ({ plane, params, query }) => {
      const project = params.project ?? '';
      const wanted = (query.get('keptnContext') ?? '').split(',').filter(Boolean).slice(0, CONTEXTS_MAX);
      const lists =
        wanted.length > 0
          ? await Promise.all(wanted.map((context) => runsOf(plane, project, context)))
          : [(await plane.listRuns({ project, limit: RUNS_MAX })).items];
      const contexts = Map.groupBy(lists.flat(), ({ correlationid }) => correlationid);
      const states = await Promise.all([...contexts].map(([context, runs]) => stateOf(plane, context, runs)));
      const [state, name, from, until] = ['state', 'name', 'fromTime', 'beforeTime'].map((key) => query.get(key) ?? '');
      const shown = states.filter(
        (one) =>
          (!state || one.state === state) &&
          (!name || one.name === name) &&
          (!from || one.time >= isoOf(from)) &&
          (!until || one.time < isoOf(until)),
      );
      return pageB('states', shown, query);
    },
  },
];

async function runsOf(plane: ControlPlane, project: string, correlationid: string): Promise<RunSummary[]> {
  return (await plane.listRuns({ project, correlationid, limit: RUNS_MAX })).items;
}

/** A command that a run doesn't allow now is passed over, as Keptn does. */
async function control(plane: ControlPlane, run: string, command: RunCommand): Promise<void> {
  try {
    await plane.command(run, command, { reason: `${command} through Keptn's API` });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'not-allowed-now') throw error;
  }
}

type SequenceState = { name: string; time: string; state: string; [key: string]: unknown };

/** `runs`: all of one context, newest first. */
async function stateOf(plane: ControlPlane, context: string, runs: readonly RunSummary[]): Promise<SequenceState> {
  const first = runs.at(-1);
  const stages = Map.groupBy(runs.toReversed(), ({ stage }) => stage);
  return {
    name: first?.sequence ?? '',
    service: first?.service ?? '',
    project: first?.project ?? '',
    time: new Date(first?.acceptedAt ?? 0).toISOString(),
    shkeptncontext: context,
    state: await overallState(plane, runs),
    stages: [...stages].map(([name, ofStage]) => {
      const last = ofStage.at(-1);
      const phase = last?.state === 'finished' ? 'finished' : 'triggered';
      return {
        name,
        state: last?.state === 'finished' ? (last.status ?? 'succeeded') : 'triggered',
        latestEvent: {
          type: `sh.keptn.event.${name}.${last?.sequence ?? ''}.${phase}`,
          id: last?.id ?? '',
          time: new Date(last?.finishedAt ?? last?.acceptedAt ?? 0).toISOString(),
        },
      };
    }),
  };
}

async function overallState(plane: ControlPlane, runs: readonly RunSummary[]): Promise<string> {
  const open = runs.filter(({ state }) => state !== 'finished');
  if (open.some(({ state }) => state === 'paused')) return 'paused';
  const running = open.filter(({ state }) => state === 'running');
  for (const { id } of running) if (await waitsForApproval(plane, id)) return 'waitingForApproval';
  if (running.length > 0) return 'started';
  if (open.length > 0) return 'waiting';
  if (runs.some(({ phase }) => phase === 'aborted')) return 'aborted';
  return 'finished';
}

async function waitsForApproval(plane: ControlPlane, run: string): Promise<boolean> {
  const view = await plane.getRun(run);
  return view.tasks.some((task) => task.name === 'approval' && task.state === 'open');
}

function isoOf(time: string): string {
  const at = Date.parse(time);
  return new Date(Number.isNaN(at) ? 0 : at).toISOString();
}
