import { dump, load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { lintShipyard, migrateShipyard, parseShipyard } from '../../src/shipyard/index.ts';
import { KeptnDoorWorld } from './keptn-door-world.ts';

const shipyardOf = (stage: string, sequence: string, task: string): string =>
  dump({
    apiVersion: 'spec.keptn.sh/0.2.2',
    kind: 'Shipyard',
    metadata: { name: 'x' },
    spec: { stages: [{ name: stage, sequences: [{ name: sequence, tasks: [{ name: task }] }] }] },
  });

const OLD = `stages:
  - name: dev
    deployment_strategy: direct
    test_strategy: functional
  - name: production
    approval_strategy: {pass: automatic, warning: manual}
    deployment_strategy: blue_green_service
    remediation_strategy: automated
`;

describe('names', () => {
  for (const name of ['delivery_withtest', 'Simple_Evaluation', '50%']) {
    test(`under Keptn's apiVersions a sequence and a task may be called ${name}`, () => {
      expect(lintShipyard(shipyardOf('dev', name, name)).filter(({ severity }) => severity === 'error')).toEqual([]);
    });
  }

  test("what an event type can't carry is no name, and says why", () => {
    const [problem] = lintShipyard(shipyardOf('dev', 'a.b', 'task'));
    expect(problem).toMatchObject({ code: 'invalid-name', message: expect.stringContaining('event type') });
  });

  test("stages have Keptn's own rule, and Slipway's own shipyards keep theirs", () => {
    expect(lintShipyard(shipyardOf('production_gke', 'a', 'b'))[0]).toMatchObject({ code: 'invalid-name' });
    const own = shipyardOf('dev', 'With_Case', 'b').replace('spec.keptn.sh/0.2.2', 'slipway.dev/v1');
    expect(lintShipyard(own)[0]).toMatchObject({ code: 'invalid-name' });
  });

  test('a run of such names goes through: its events carry them as they are, and services are asked by them', async () => {
    await using world = await KeptnDoorWorld.start();
    const shipyard = Buffer.from(shipyardOf('dev', 'delivery_withTest', '50%_Load')).toString('base64');
    expect((await world.ask('POST', '/api/controlPlane/v1/project', { name: 'names', shipyard })).status).toBe(201);
    const context = await world.trigger('dev.delivery_withTest', { project: 'names', stage: 'dev', service: 'web' });
    const event = await world.awaitOpen('50%_Load'.replace('%', '%25'), context);
    expect(event.type).toBe('sh.keptn.event.50%_Load.triggered');
    await world.work(event);
    const path = `/api/mongodb-datastore/event?keptnContext=${context}&type=sh.keptn.event.dev.delivery_withTest.finished`;
    await expect
      .poll(async () => ((await world.ask('GET', path)).body as { events: unknown[] }).events)
      .toMatchObject([{ data: { result: 'pass', status: 'succeeded' } }]);
    await world.trigger('dev.delivery_withTest', { project: 'names', stage: 'dev', service: 'claimed' });
    const claim = await fetch(`${world.gateway}/v1/tasks/50%25_Load/claim?wait=10s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ source: '/claimer' }),
    });
    expect(claim.status).toBe(200);
  });
});

describe("Keptn's older files", () => {
  test('a shipyard of 0.1 gets the one problem that says what it is', () => {
    const problems = lintShipyard(OLD);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'old-shipyard',
      message: 'this is a shipyard of Keptn 0.1 (Keptn 0.7 and older): `slipway migrate FILE` writes the 0.2 one',
      line: 1,
      column: 1,
    });
    const versioned = `apiVersion: spec.keptn.sh/0.1.4\nkind: Shipyard\nspec:\n  ${OLD.replaceAll('\n', '\n  ')}`;
    expect(lintShipyard(versioned).map(({ code }) => code)).toEqual(['old-shipyard']);
  });

  test('a remediation file is told apart', () => {
    const text = 'apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: r}\nspec: {remediations: []}\n';
    expect(lintShipyard(text)).toMatchObject([
      { code: 'not-a-shipyard', message: expect.stringContaining('remediation.yaml'), line: 2 },
    ]);
  });

  test('migrate writes a shipyard that is read without a problem, and says what it left out', () => {
    const { text, notes } = migrateShipyard(load(OLD.replace('    test_strategy: functional', '    extra: 1')));
    const { plan, problems } = parseShipyard(text);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const tasks = plan?.stages.map(({ name, sequences }) => [
      name,
      ...sequences.map((sequence) => `${sequence.name}: ${sequence.tasks.map((task) => task.name).join(' ')}`),
    ]);
    expect(tasks).toEqual([
      ['dev', 'delivery: deployment evaluation release', 'evaluation: evaluation'],
      [
        'production',
        'delivery: approval deployment evaluation release',
        'remediation: get-action action evaluation',
        'evaluation: evaluation',
      ],
    ]);
    expect(plan?.stages[1]?.sequences[0]?.triggeredOn).toMatchObject([{ stage: 'dev', sequence: 'delivery' }]);
    expect(notes).toContain('stage dev: `extra` has no counterpart and was left out');
  });

  test('what is no shipyard of 0.1 is not migrated', () => {
    expect(() => migrateShipyard({ spec: {} })).toThrow('no list `stages`');
    expect(() => migrateShipyard(null)).toThrow('no list `stages`');
  });
});
