import { describe, expect, test } from 'vitest';
import { lintShipyard, parseShipyard, renderProblems } from '../../src/shipyard/index.ts';
import { planOf, problemsOf, withSequence, withTask } from './support.ts';

const KEPTN = 'apiVersion: spec.keptn.sh/0.2.3\n';
const TASKS = 'tasks: [{name: a}]';

/** Each text has exactly these problems: line:column, code, nearest name. */
const TABLE: Record<string, [name: string, text: string, expected: string[]][]> = {
  'the top': [
    ['an unknown key', 'apiVersion: slipway.dev/v1\nspecs: {}\n', ['2:1 unknown-key -> spec']],
    [
      'a misspelled key that must be there, which is one mistake and one problem',
      'spec: {stages: [{nme: dev, sequences: [{name: s, taks: [{name: a}]}]}]}\n',
      ['1:18 unknown-key -> name', '1:50 unknown-key -> tasks'],
    ],
    [
      'the same in a Keptn shipyard, where the misspelled key is ignored and the other is missing',
      `${KEPTN}spec: {stages: [{nme: dev}]}\n`,
      ['2:18 warning unknown-key -> name', '2:18 missing-key'],
    ],
    ['stages without a spec', 'stages: []\n', ['1:1 unknown-key', '1:1 missing-key']],
    [
      'an unknown version',
      `apiVersion: slipway.dev/v2\nspec: {stages: [{name: dev}]}\n`,
      ['1:13 unknown-api-version -> slipway.dev/v1'],
    ],
    [
      'a later Keptn',
      `apiVersion: spec.keptn.sh/0.2.5\nspec: {stages: [{name: dev}]}\n`,
      ['1:13 unknown-api-version -> spec.keptn.sh/0.2.0'],
    ],
    ['an older Keptn', `apiVersion: spec.keptn.sh/0.1.7\nspec: {stages: [{name: dev}]}\n`, ['1:1 old-shipyard']],
    [
      'a version without its prefix',
      `apiVersion: 0.2.3\nspec: {stages: [{name: dev}]}\n`,
      ['1:13 unknown-api-version -> spec.keptn.sh/0.2.3'],
    ],
    ['another kind', 'kind: Ship\nspec: {stages: [{name: dev}]}\n', ['1:7 unknown-kind -> Shipyard']],
    [
      'a name that is none',
      'metadata: {name: My Photos}\nspec: {stages: [{name: dev}]}\n',
      ['1:18 invalid-name -> my-photos'],
    ],
    ['no stages', 'spec: {stages: []}\n', ['1:8 missing-key']],
    ['stages that are no list', 'spec: {stages: dev}\n', ['1:16 wrong-type']],
    ['a stage that is no mapping', 'spec: {stages: [dev]}\n', ['1:17 wrong-type']],
  ],
  names: [
    ['a path', stageNamed('../prod'), ['1:24 invalid-name -> prod']],
    ['a slash', stageNamed('a/b'), ['1:24 invalid-name -> a-b']],
    ['300 characters', stageNamed('x'.repeat(300)), ['1:24 invalid-name']],
    ['64 characters', stageNamed('x'.repeat(64)), ['1:24 invalid-name']],
    ['63 characters', stageNamed('x'.repeat(63)), []],
    ['emoji', stageNamed('"🚀"'), ['1:24 invalid-name']],
    ['a right-to-left override', stageNamed('"de\\u202ev"'), ['1:24 invalid-name -> de-v']],
    ["the bus's wildcards", stageNamed('"*"'), ['1:24 invalid-name']],
    ["the bus's rest", stageNamed('">"'), ['1:24 invalid-name']],
    ['a dot', stageNamed('dev.eu'), ['1:24 invalid-name -> dev-eu']],
    ['upper case', stageNamed('Dev'), ['1:24 invalid-name -> dev']],
    ['nothing', stageNamed('""'), ['1:24 invalid-name']],
    ['a device of Windows', stageNamed('con'), []],
    ['an expression', stageNamed('"${{ service }}"'), ['1:24 invalid-name']],
    ['a template', stageNamed('"{{7*7}}"'), ['1:24 invalid-name']],
    ['a list', stageNamed('[a]'), ['1:18 wrong-type']],
    ['no name', 'spec: {stages: [{sequences: []}]}\n', ['1:18 missing-key']],
    ['the same stage twice', 'spec: {stages: [{name: dev}, {name: dev}]}\n', ['1:37 duplicate-name']],
    ['the same sequence twice', withSequence(`- {name: a, ${TASKS}}\n- {name: a, ${TASKS}}`), ['7:16 duplicate-name']],
    ['the same task twice', withTask('- name: a\n- name: a'), ['9:19 duplicate-name']],
  ],
  keys: [
    ['of a stage', 'spec: {stages: [{name: dev, sequence: []}]}\n', ['1:29 unknown-key -> sequences']],
    ['of a sequence', withSequence(`- {name: a, taks: [], ${TASKS}}`), ['6:19 unknown-key -> tasks']],
    ['of a task', withTask('- {name: a, timeOut: 5m}'), ['8:23 unknown-key -> timeout']],
    ['of retry', withTask('- {name: a, retry: {attempt: 5}}'), ['8:31 unknown-key -> attempts']],
    ['of concurrency', withSequence(`- {name: a, concurrency: {max: 5}, ${TASKS}}`), ['6:33 unknown-key']],
    [
      'of a trigger',
      withSequence(`- {name: a, ${TASKS}, triggeredOn: [{event: dev.b.finished, on: x}]}\n- {name: b, ${TASKS}}`),
      ['6:77 unknown-key'],
    ],
    ['no tasks', withSequence('- name: a'), ['6:9 no-tasks']],
    ['an empty list of tasks', withSequence('- {name: a, tasks: []}'), ['6:19 no-tasks']],
    ['2,001 tasks', withTask(Array.from({ length: 2_001 }, (_, i) => `- name: t${i}`).join('\n')), ['7:9 too-many']],
    ['101 stages', `spec: {stages: [${Array.from({ length: 101 }, (_, i) => `{name: s${i}}`)}]}`, ['1:8 too-many']],
  ],
  'what is not supported yet': [
    [
      'forEach, batchSize and parallel',
      withTask('- {name: a, forEach: x, batchSize: 1, parallel: 2}'),
      ['8:23 not-supported-yet', '8:35 not-supported-yet', '8:49 not-supported-yet'],
    ],
    [
      'a child sequence and wait',
      withTask('- {name: a, sequence: dev.b, wait: false}'),
      ['8:23 not-supported-yet', '8:40 not-supported-yet'],
    ],
    [
      'cancel-running',
      withSequence(`- {name: a, concurrency: {policy: cancel-running}, ${TASKS}}`),
      ['6:41 not-supported-yet'],
    ],
    ['secret()', withTask(`- {name: a, with: {x: "\${{ secret('token') }}"}}`), ['8:38 not-supported-yet']],
    ['kv()', withTask(`- {name: a, with: {x: "\${{ kv('key') }}"}}`), ['8:38 not-supported-yet']],
    [
      'also under Keptn',
      `${KEPTN}spec: {stages: [{name: dev, sequences: [{name: a, tasks: [{name: a, forEach: x}]}]}]}\n`,
      ['2:69 not-supported-yet'],
    ],
  ],
  graphs: [
    [
      'a need of a task that there is not',
      withTask('- {name: build}\n- {name: test, needs: [biuld]}'),
      ['9:34 unknown-task -> build'],
    ],
    [
      'a next, a branch and a default that lead nowhere',
      withTask(
        '- {name: a, next: {success: nowhere}, decision: [{when: "true", next: nowhere}, {default: [nowhere]}]}',
      ),
      ['8:39 unknown-task', '8:81 unknown-task', '8:102 unknown-task'],
    ],
    ['a task that waits for itself', withTask('- {name: a, needs: [a]}'), ['8:31 task-cycle']],
    [
      'a circle, from its first task',
      withTask('- {name: a, needs: [c]}\n- {name: b, needs: [a]}\n- {name: c, needs: [b]}'),
      ['8:31 task-cycle'],
    ],
    [
      'a word that no edge has',
      withTask('- name: a\n- {name: b, needs: [{task: a, on: sucess}]}'),
      ['9:45 unknown-word -> success'],
    ],
    [
      'an unknown key of next',
      withTask('- {name: a, next: {succes: b}}\n- {name: b}'),
      ['8:30 unknown-key -> success'],
    ],
    ['a need without a task', withTask('- name: a\n- {name: b, needs: [{on: success}]}'), ['9:32 missing-key']],
    [
      'a branch without a condition',
      withTask('- {name: a, decision: [{next: b}]}\n- {name: b}'),
      ['8:23 warning no-default', '8:35 missing-key'],
    ],
    ['no branch at all', withTask('- {name: a, decision: []}'), ['8:23 missing-key', '8:23 warning no-default']],
    [
      'a branch below the default',
      withTask('- {name: a, decision: [{default: b}, {when: "true", next: c}]}\n- {name: b}\n- {name: c}'),
      ['8:35 edge-never-taken'],
    ],
    ['a join of none', withTask('- {name: a}\n- {name: b, needs: [a], join: 0}'), ['9:41 out-of-range']],
    ['a join of more than there are', withTask('- {name: a}\n- {name: b, needs: [a], join: 2}'), ['9:41 out-of-range']],
    [
      'a join of some other word',
      withTask('- {name: a}\n- {name: b, needs: [a], join: al}'),
      ['9:41 unknown-word -> all'],
    ],
    ['a join in a line', withTask('- {name: a, join: any}'), ['8:23 needs-a-graph']],
    ['rest in a line', withTask('- {name: a, rest: cancel}'), ['8:23 needs-a-graph']],
    ['onSkip: cascade in a line', withTask('- {name: a, onSkip: cascade}'), ['8:23 needs-a-graph']],
    ['onSkip: continue in a line', withTask('- {name: a, onSkip: continue}'), []],
    [
      'a failure edge from a task whose failure is ignored',
      withTask('- {name: a, ignoreFailure: true, next: {failure: b}}\n- {name: b, uses: end}'),
      ['8:60 edge-never-taken'],
    ],
    [
      'a timeout edge from a task without a timeout',
      withTask('- {name: a, next: {timeout: b}}\n- {name: b, uses: end}'),
      ['8:39 edge-never-taken'],
    ],
    ['an edge from the end', withTask('- {name: a, uses: end}\n- {name: b, needs: [a]}'), ['9:31 edge-never-taken']],
    [
      'all of two branches of which one is taken',
      withTask(
        '- {name: a, decision: [{when: "output.x", next: b}, {default: c}]}\n- {name: b}\n- {name: c}\n- {name: d, needs: [b, c]}',
      ),
      ['11:23 exclusive-branches'],
    ],
    [
      'any of two branches of which one is taken',
      withTask(
        '- {name: a, decision: [{when: "output.x", next: b}, {default: c}]}\n- {name: b}\n- {name: c}\n- {name: d, needs: [b, c], join: any}',
      ),
      [],
    ],
    [
      'a join of which it is not clear what it waits for',
      withTask('- {name: a, next: {failure: c}}\n- {name: b}\n- {name: c, needs: [b], uses: end}'),
      ['10:13 warning unclear-join'],
    ],
    [
      'a failure after which the run passes',
      withTask('- {name: a, next: {failure: b}}\n- {name: b}'),
      ['8:39 warning pass-after-failure'],
    ],
    [
      'a task that may run beside',
      withTask('- {name: a, needs: []}\n- {name: b, needs: [], with: "${{ tasks.a.output }}"}'),
      ['9:45 task-beside'],
    ],
    [
      'a task that runs later',
      withTask('- {name: a, with: "${{ tasks.b.output }}"}\n- {name: b, needs: [a]}'),
      ['8:34 task-not-before'],
    ],
    [
      'a task that may not have run',
      withTask('- {name: a, when: "data.x"}\n- {name: b, with: "${{ tasks.a.output }}"}'),
      ['9:34 task-may-not-run'],
    ],
    [
      'a task that may not have run, and is asked for',
      withTask(
        '- {name: a, when: "data.x"}\n- {name: b, with: "${{ default(tasks.a.output, 1) }}", when: "has(tasks.a)"}',
      ),
      [],
    ],
    [
      'a variable that is set beside',
      withTask('- {name: a, needs: [], publish: {x: 1}}\n- {name: b, with: "${{ vars.x }}"}'),
      ['9:34 unknown-name'],
    ],
    [
      'a variable that two tasks set beside each other',
      withTask('- {name: a, needs: [], publish: {x: 1}}\n- {name: b, publish: {x: 2}}'),
      ['9:33 warning published-twice'],
    ],
    ['a variable that cannot be named', withTask('- {name: a, publish: {a-b: 1}}'), ['8:33 invalid-name']],
    ['a condition that is a number', withTask('- {name: a, when: "1 + 1"}'), ['8:30 expression-type']],
    ['ignoreFailure that is text', withTask('- {name: a, ignoreFailure: "no"}'), ['8:38 wrong-type']],
    [
      'an output schema that is none',
      withTask('- {name: a, outputSchema: {type: objekt}}'),
      ['8:44 invalid-schema -> object'],
    ],
    ['a wait without an end', withTask('- {name: a, uses: wait}'), ['8:13 missing-key']],
    ['a wait of no length', withTask('- {name: a, uses: wait, with: {for: soon}}'), ['8:47 invalid-duration']],
    [
      'a result that there is not',
      withTask('- {name: a, uses: end, with: {result: passed}}'),
      ['8:49 unknown-word -> pass'],
    ],
    ['a retry of what no service does', withTask('- {name: a, uses: noop, retry: {}}'), ['8:35 unknown-key']],
    [
      'an end in finally',
      withSequence('- {name: a, tasks: [{name: a}], finally: [{name: b, uses: end}]}'),
      ['6:49 end-in-finally'],
    ],
    [
      'an edge into finally, and one out of it',
      withSequence('- {name: a, tasks: [{name: a, next: {success: b}}], finally: [{name: b, needs: [a]}]}'),
      ['6:53 unknown-task', '6:87 unknown-task'],
    ],
  ],
  values: [
    ['a negative timeout', withTask('- {name: a, timeout: -1s}'), ['8:32 invalid-duration']],
    ['no timeout at all', withTask('- {name: a, timeout: 0}'), ['8:32 invalid-duration']],
    ['zero seconds', withTask('- {name: a, timeout: 0s}'), ['8:32 invalid-duration']],
    ['a huge exponent', withTask('- {name: a, timeout: 1e99d}'), ['8:32 invalid-duration']],
    ['a year of ISO', withTask('- {name: a, timeout: P1Y}'), ['8:32 invalid-duration']],
    ['a year', withTask('- {name: a, timeout: 1y}'), ['8:32 invalid-duration']],
    ['366 days', withTask('- {name: a, timeout: 366d}'), ['8:32 invalid-duration']],
    ['365 days', withTask('- {name: a, timeout: 365d}'), []],
    [
      'a number without a unit',
      withTask('- {name: a, startTimeout: 10, heartbeat: 5.5}'),
      ['8:37 invalid-duration', '8:52 invalid-duration'],
    ],
    ['a list as a timeout', withTask('- {name: a, timeout: [1s]}'), ['8:23 wrong-type']],
    ['a negative delay', withTask('- {name: a, triggeredAfter: -1m}'), ['8:39 invalid-duration']],
    ['half an executor', withTask('- {name: a, executors: 0.5}'), ['8:34 out-of-range']],
    ['no executor', withTask('- {name: a, executors: 0}'), ['8:34 out-of-range']],
    ['properties that are text', withTask('- {name: a, properties: x}'), ['8:35 wrong-type']],
    ['too many attempts', withTask('- {name: a, retry: {attempts: 101}}'), ['8:41 out-of-range']],
    [
      'an unknown back-off',
      withTask('- {name: a, retry: {backoff: exponental}}'),
      ['8:40 unknown-word -> exponential'],
    ],
    ['too much jitter', withTask('- {name: a, retry: {jitter: 1.5}}'), ['8:39 out-of-range']],
    ['a maximum below the delay', withTask('- {name: a, retry: {delay: 1m, maxDelay: 1s}}'), ['8:52 out-of-range']],
    [
      'an unknown policy',
      withSequence(`- {name: a, concurrency: {policy: que}, ${TASKS}}`),
      ['6:41 unknown-word -> queue'],
    ],
    ['a limit of 0', withSequence(`- {name: a, concurrency: {limit: 0}, ${TASKS}}`), ['6:40 out-of-range']],
    ['a variable with a dash', withSequence(`- {name: a, vars: {my-var: 1}, ${TASKS}}`), ['6:26 invalid-name']],
    [
      'an expression in properties',
      withTask('- {name: a, properties: {x: "${{ data.x }}"}}'),
      ['8:39 warning literal-expression'],
    ],
    [
      'an expression in vars',
      withSequence(`- {name: a, vars: {x: "\${{ data.x }}"}, ${TASKS}}`),
      ['6:29 warning literal-expression'],
    ],
  ],
  triggers: [
    ['without an event', triggered('{selector: {}}'), ['6:54 missing-key']],
    ['of another form', triggered('{event: dev.a}'), ['6:61 unknown-event -> dev.a.finished']],
    [
      "with Keptn's prefix",
      triggered('{event: sh.keptn.event.dev.a.finished}'),
      ['6:61 unknown-event -> dev.a.finished'],
    ],
    ['of a beginning', triggered('{event: dev.a.started}'), ['6:61 unknown-event -> dev.a.finished']],
    [
      'of a sequence that is not there',
      triggered('{event: dev.aa.finished}'),
      ['6:61 unknown-event -> dev.a.finished'],
    ],
    ['of a stage that is not there', triggered('{event: def.a.finished}'), ['6:61 unknown-event -> dev.a.finished']],
    [
      'on an unknown result',
      triggered('{event: dev.a.finished, selector: {match: {result: failed}}}'),
      ['6:104 never-fires -> fail'],
    ],
    [
      'on an unknown key',
      triggered('{event: dev.a.finished, selector: {match: {verdict: pass}}}'),
      ['6:96 never-fires'],
    ],
    [
      'on a task that is not there',
      triggered('{event: dev.a.finished, selector: {match: {tesst.result: pass}}}'),
      ['6:96 never-fires -> test.result'],
    ],
    ['with an empty match', triggered('{event: dev.a.finished, selector: {match: {}}}'), ['6:88 never-fires']],
    [
      'with both ways to choose',
      triggered('{event: dev.a.finished, selector: {match: {result: pass}}, when: "true"}'),
      ['6:112 conflicting-keys'],
    ],
    ['by an expression that is no question', triggered('{event: dev.a.finished, when: "${{ result }} "}'), []],
    ['by an expression of text', triggered('{event: dev.a.finished, when: "\'x\'"}'), ['6:84 expression-type']],
    [
      'by itself',
      withSequence(`- {name: a, triggeredOn: [{event: dev.a.finished}], ${TASKS}}`),
      ['6:41 warning trigger-cycle'],
    ],
    [
      'by each other',
      withSequence(
        `- {name: a, triggeredOn: [{event: dev.b.finished}], ${TASKS}}\n- {name: b, triggeredOn: [{event: dev.a.finished}], ${TASKS}}`,
      ),
      ['6:41 warning trigger-cycle'],
    ],
  ],
  expressions: [
    ['an unknown name', withInput('dat.x'), ['9:39 unknown-name -> data']],
    ['a name of another place', withInput('error.code'), ['9:39 unknown-name']],
    ['an item outside of forEach', withInput('item'), ['9:39 unknown-name']],
    ['an unknown task', withInput('tasks.frist_task.output'), ['9:39 unknown-task -> first_task']],
    ['a dash in the name of a task', withInput('tasks.first-task.output'), ['9:39 unknown-task -> first_task']],
    ['a later task', withInput('tasks.third.output'), ['9:39 task-not-before']],
    ['the task itself', withInput('tasks.second.output'), ['9:39 task-not-before']],
    ['a task by its name in brackets', withInput("tasks['first_task'].output"), []],
    ['an unknown field of a task', withInput('tasks.first_task.outputs'), ['9:39 unknown-name -> output']],
    ['an unknown variable', withInput('vars.treshold'), ['9:39 unknown-name -> threshold']],
    ['an unknown field of the run', withInput('run.dept'), ['9:39 unknown-name -> depth']],
    ['an unknown field of the project', withInput('project.confg'), ['9:39 unknown-name -> config']],
    ['an unknown function', withInput('uper(service)'), ['9:39 unknown-function -> upper']],
    ['an unknown method', withInput('service.startWith("a")'), ['9:39 unknown-function -> startsWith']],
    ['matches', withInput('service.matches("(a+)+$")'), ['9:39 unsupported-function']],
    [
      'a time zone',
      withInput('timestamp("2026-01-01T00:00:00Z").getHours("Asia/Tokyo")'),
      ['9:39 unsupported-function'],
    ],
    ['a back reference', withInput('re(service, "(a)\\\\1")'), ['9:51 unsupported-pattern']],
    [
      'a pattern of 1,000 alternatives',
      withInput(`re(service, "${Array(1000).fill('a').join('|')}")`),
      ['9:51 unsupported-pattern'],
    ],
    ['a catastrophic pattern, which is none here', withInput('re(service, "(a+)+$")'), []],
    ['a syntax error', withInput('data.x +'), ['9:48 expression-syntax']],
    ['types that do not fit', withInput('service + 1'), ['9:39 expression-type']],
    ['nothing', withInput(''), ['9:38 expression-syntax']],
    ['another template inside', withInput('{{7*7}}'), ['9:44 expression-syntax']],
    ['no end', withTask('- {name: a, with: "a ${{ data.x }"}'), ['8:32 expression-syntax']],
    [
      'in the middle of a text, twice',
      withTask('- {name: a, with: "a ${{ x }} b ${{ y }}"}'),
      ['8:36 unknown-name', '8:47 unknown-name'],
    ],
    [
      'in a folded text, shown at its start',
      withTask('- name: a\n  with: >-\n    a\n    ${{ x }}'),
      ['10:15 unknown-name'],
    ],
    ['the variable of a macro', withInput('data.list.map(x, x.id)'), []],
    ['the variable of a macro outside of it', withInput('data.list.map(x, x.id) == x'), ['9:65 unknown-name']],
    ['4,097 characters', withInput(`'${'x'.repeat(4097)}'`), ['9:38 template-limit']],
    ['retry.when that is no question', withTask('- {name: a, retry: {when: "attempts + 1"}}'), []],
    ['retry.when that is text', withTask(`- {name: a, retry: {when: "'x'"}}`), ['8:38 expression-type']],
    [
      'retry.when over its names',
      withTask(`- {name: a, retry: {when: "\${{ error.code != 'X' && attempts < 3 && result == 'fail' }}"}}`),
      [],
    ],
    [
      'a group over tasks',
      withSequence(`- {name: a, concurrency: {group: "\${{ tasks.a.output }}"}, ${TASKS}}`),
      ['6:45 unknown-name'],
    ],
    [
      'an output over all tasks',
      withSequence(`- {name: a, output: {x: "\${{ tasks.a.output.y }}", r: "\${{ result }}"}, ${TASKS}}`),
      [],
    ],
  ],
  'input schemas': [
    [
      'a type that is none',
      withSequence(`- {name: a, input: {type: objekt}, ${TASKS}}`),
      ['6:33 invalid-schema -> object'],
    ],
    [
      'a reference to nowhere',
      withSequence(`- {name: a, input: {$ref: 'https://example.org/x'}, ${TASKS}}`),
      ['6:19 invalid-schema'],
    ],
    [
      'a keyword that is none',
      withSequence(`- {name: a, input: {type: object, requird: [x]}, ${TASKS}}`),
      ['6:41 warning invalid-schema'],
    ],
    [
      'a back reference',
      withSequence(`- {name: a, input: {type: object, properties: {a: {pattern: '(a)\\1'}}}, ${TASKS}}`),
      ['6:67 invalid-schema'],
    ],
    [
      'unique items without a bound',
      withSequence(`- {name: a, input: {type: array, uniqueItems: true}, ${TASKS}}`),
      ['6:53 invalid-schema'],
    ],
    [
      'unique items with a bound',
      withSequence(`- {name: a, input: {type: array, uniqueItems: true, maxItems: 10}, ${TASKS}}`),
      [],
    ],
  ],
  'what Keptn would have ignored': [
    [
      'unknown keys',
      keptn('{name: dev, deployment_strategy: direct, sequences: [{name: a, tasks: [{name: a, foo: 1}]}]}'),
      ['2:29 warning unknown-key', '2:98 warning unknown-key'],
    ],
    [
      'an unknown event',
      keptn('{name: dev, sequences: [{name: a, triggeredOn: [{event: dev.b.finished}], tasks: [{name: a}]}]}'),
      ['2:73 warning unknown-event -> dev.a.finished'],
    ],
    ['a sequence without tasks', keptn('{name: dev, sequences: [{name: a, tasks: []}]}'), ['2:51 warning no-tasks']],
    ['the same task twice', keptn('{name: dev, sequences: [{name: a, tasks: [{name: a}, {name: b}, {name: a}]}]}'), []],
  ],
};

describe.each(Object.entries(TABLE))('%s', (_part, rows) => {
  test.each(rows)('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
    const failed = expected.some((line) => !line.includes('warning'));
    expect(parseShipyard(text).plan === undefined).toBe(failed);
  });
});

test('25 days are 2,160,000,000 ms, which no 32-bit integer holds', () => {
  expect(planOf(withTask('- {name: a, timeout: 25d}')).stages[0]?.sequences[0]?.tasks[0]?.timeoutMs).toBe(
    2_160_000_000,
  );
});

test('a problem is shown with its line and a caret', () => {
  const text = withTask('- name: build\n  timout: 5m');
  expect(renderProblems(text, 'shipyard.yaml', lintShipyard(text))).toBe(
    [
      'shipyard.yaml:9:13  unknown-key  "timout" is not a key of a task: did you mean "timeout"?',
      '  9 |             timout: 5m',
      '    |             ^',
    ].join('\n'),
  );
});

test('a message tells text in quotes from a number', () => {
  const said = (value: string): string | undefined =>
    parseShipyard(withTask(`- {name: a, executors: ${value}}`)).problems[0]?.message;
  expect(said('"2"')).toBe('a whole number from 1 to 100 is wanted here, and this is the text "2"');
  expect(said('200')).toBe('a whole number from 1 to 100 is wanted here, and this is 200');
  expect(parseShipyard(withTask('- {name: a, properties: true}')).problems[0]?.message).toBe(
    'a mapping is wanted here, and this is true',
  );
});

test('a message cannot write to the terminal of whoever reads it', () => {
  const text = withTask('- name: "\\e[2J\\u202e"');
  const shown = renderProblems(text, 'x.yaml', lintShipyard(text));
  expect(shown).toMatch(/\\u001b\[2J\\u202e/);
  expect(shown).not.toMatch(/\p{Cf}/u);
});

test('a problem names the offending text and its JSON pointer', () => {
  expect(lintShipyard(withTask('- {name: a, retry: {backoff: linaer}}'))).toEqual([
    {
      severity: 'error',
      code: 'unknown-word',
      message: '"linaer" is none of fixed, linear, exponential: did you mean "linear"?',
      pointer: '/spec/stages/0/sequences/0/tasks/0/retry/backoff',
      line: 8,
      column: 40,
      text: 'linaer',
      nearest: 'linear',
    },
  ]);
});

function stageNamed(name: string): string {
  return `spec: {stages: [{name: ${name}}]}\n`;
}

function triggered(trigger: string): string {
  return withSequence(`- {name: b, ${TASKS}, triggeredOn: [${trigger}]}\n- {name: a, tasks: [{name: test}]}`);
}

/** The expression stands in the input of the second of three tasks; it begins on line 9, column 34. */
function withInput(expression: string): string {
  const quoted = expression.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  const second = `- {name: second, with: "\${{ ${quoted} }}"}`;
  return `${withTask(`- name: first-task\n${second}\n- name: third`)}\n        vars: {threshold: 80}\n`;
}

function keptn(stage: string): string {
  return `${KEPTN}spec: {stages: [${stage}]}\n`;
}

test('a policy that is none is told of those that are supported', () => {
  const { problems } = parseShipyard(withSequence(`- {name: a, concurrency: {policy: que}, ${TASKS}}`));
  expect(problems.map(({ message }) => message)).toEqual(['"que" is none of queue, reject: did you mean "queue"?']);
});
