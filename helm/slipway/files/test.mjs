// What `helm test` runs inside the cluster: a sequence from its trigger to its result, through the release's Service. It is
// the task service as well, so it needs none of the release's; its project goes again with everything in it.
const { SLIPWAY_SERVER: server, SLIPWAY_TOKEN: token } = process.env;
const project = `helm-test-${Date.now()}`;
const shipyard = `apiVersion: slipway.dev/v1
kind: Shipyard
metadata: {name: helm-test}
spec:
  stages:
    - name: test
      sequences:
        - {name: once, tasks: [{name: helm-test-task}]}
`;

async function ask(method, path, body, type = 'application/json') {
  const response = await fetch(`${server}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function answer() {
  const claim = { source: '/helm-test', project };
  const attempts = await ask('POST', '/v1/tasks/helm-test-task/claim?wait=20s', claim);
  const [attempt] = attempts ?? [];
  if (attempt === undefined) throw new Error('the task was not offered within 20 s');
  console.log(`task ${attempt.id} claimed`);
  await ask('POST', '/v1/events', {
    ...{ specversion: '1.0', id: `answer-${attempt.id}`, source: '/helm-test', type: 'helm-test-task.finished' },
    ...{ causationid: attempt.id, data: { result: 'pass' } },
  });
}

await ask('PUT', `/v1/projects/${project}/shipyard`, shipyard, 'application/yaml');
try {
  const data = { project };
  const trigger = { specversion: '1.0', id: project, source: '/helm-test', type: 'test.once.triggered', data };
  const accepted = await ask('POST', '/v1/events', trigger);
  const { run } = accepted.items[0];
  console.log(`run ${run} triggered`);
  await answer();
  let view = await ask('GET', `/v1/runs/${run}`);
  for (let looks = 0; view.state !== 'finished' && looks < 100; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    view = await ask('GET', `/v1/runs/${run}`);
  }
  if (view.state !== 'finished' || view.result !== 'pass') throw new Error(`run ${run} is ${JSON.stringify(view)}`);
  console.log(`run ${run} finished with ${view.result}`);
} finally {
  await ask('DELETE', `/v1/projects/${project}`).catch((error) => console.error(`the project stays: ${error.message}`));
}
