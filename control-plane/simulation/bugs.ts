/**
 * Bugs to plant, each as a change to the text of one source file while it is loaded: nothing of them is in the product. A
 * checker counts as one only when it has caught one of these; simulation.test.ts holds the table to it. A plant that no
 * longer fits its file is an error, so that this list keeps up with the code.
 */
export type Bug = {
  name: string;
  /** The checker that must be among those who notice. */
  checker: string;
  /** Below control-plane. */
  file: string;
  find: string;
  replace: string;
};

export const bugs: readonly Bug[] = [
  {
    name: 'a message is acked when it arrives',
    checker: 'accepted-is-kept',
    file: 'src/runtime/plane.ts',
    find: '    this.#renewLease(one.input);\n',
    replace: '    delivery.ack();\n',
  },
  {
    name: 'a client is told before the write',
    checker: 'accepted-is-kept',
    file: 'src/runtime/plane.ts',
    find: '    return this.#decide(run, input, options).then((verdict) => {',
    replace:
      "    void this.#decide(run, input, options).catch(() => {});\n    if (run) return Promise.resolve({ id, run, outcome: 'accepted' });\n    return this.#decide(run, input, options).then((verdict) => {",
  },
  {
    name: 'an error of publishing is swallowed',
    checker: 'accepted-is-kept',
    file: 'src/runtime/relay.ts',
    find: '        this.#clock.after(retryMs, () => this.#publish(messages, Math.min(retryMs * 2, RETRY_MAX_MS), done));',
    replace: '        done();',
  },
  {
    name: 'the end of a run is published once or never',
    checker: 'survives-the-broker',
    file: 'src/runtime/relay.ts',
    find: '        this.#clock.after(retryMs, () => this.#publish(messages, Math.min(retryMs * 2, RETRY_MAX_MS), done));',
    replace: '        done();',
  },
  {
    name: 'a repeat is told again only when the broker says that it is one',
    checker: 'accepted-is-kept',
    file: 'src/runtime/relay.ts',
    find: "      for (const effect of committed.effects) {\n        if (effect.kind === 'publish' && committed.run)",
    replace:
      "      for (const effect of committed.effects) {\n        if (effect.kind === 'publish' && effect.again) continue;\n        if (effect.kind === 'publish' && committed.run)",
  },
  {
    name: 'a verdict from a stale cache is believed',
    checker: 'nothing-left-open',
    file: 'src/runtime/advance.ts',
    find: "if (step.outcome.kind !== 'applied' && !this.#isKnownSince(slot, one)) {",
    replace: 'if (false) {',
  },
  {
    name: 'a group is decided by a stale cache',
    checker: 'nothing-left-open',
    file: 'src/runtime/advance.ts',
    find: 'if (!step.changed && !this.#isKnownSince(slot, one)) {',
    replace: 'if (false) {',
  },
  {
    name: 'who comes second writes the same decision behind the first',
    checker: 'journal-folds',
    file: 'src/runtime/advance.ts',
    find: '        this.#forget(slot);\n        slot.pending = [...one.taken',
    replace:
      "        slot.seq++;\n        slot.known = 'fresh';\n        slot.asOf = this.#taken;\n        slot.pending = [...one.taken",
  },
  {
    name: 'the store takes a seq twice',
    checker: 'journal-folds',
    file: 'simulation/world/database.ts',
    find: "    if (stream?.entries.some((entry) => entry.seq === item.seq)) return { outcome: 'conflict' };\n",
    replace: '',
  },
  {
    name: 'one run too many is let into a group',
    checker: 'no-two-in-a-group',
    file: 'src/engine/group.ts',
    find: 'limit - holders.length)',
    replace: 'limit + 1 - holders.length)',
  },
  {
    name: 'a run starts without waiting for its turn',
    checker: 'run-rules',
    file: 'src/engine/transition.ts',
    find: '  if (!concurrency) return start(',
    replace: '  if (!concurrency || input.at % 7 === 0) return start(',
  },
  {
    name: 'a group forgets who is in it',
    checker: 'no-two-in-a-group',
    file: 'src/engine/group.ts',
    find: "  if (draft.holders.includes(run)) return { sends: [{ run, input: { kind: 'granted', at } }], changed: false };\n",
    replace: '  draft.holders.shift();\n',
  },
  {
    name: 'the last to come is the first to start',
    checker: 'queue-order',
    file: 'src/engine/group.ts',
    find: ': one.acceptedAt < other.acceptedAt;',
    replace: ': one.acceptedAt > other.acceptedAt;',
  },
  {
    name: 'what was kept of a group is taken for what it is now',
    checker: 'queue-order',
    file: 'src/runtime/group-snapshots.ts',
    find: '...snapshot.group }, rest.flatMap(decodeGroupEntry));',
    replace: '...snapshot.group }, []);',
  },
  {
    name: 'set back, a clock puts those who come before those who wait',
    checker: 'queue-order',
    file: 'src/engine/group.ts',
    find: 'before > at + CLOCKS_DIFFER_MAX_MS',
    replace: 'before > at + 10 * 86_400_000',
  },
  {
    name: 'a timer fires before its time',
    checker: 'timers-never-early',
    file: 'src/runtime/timers.ts',
    find: '    const now = this.#clock.now();\n    for (let timer',
    replace: '    const now = this.#clock.now() + 20000;\n    for (let timer',
  },
  {
    name: 'a pause leaks',
    checker: 'pause-leaks-nothing',
    file: 'src/engine/run/proceed.ts',
    find: 'if (work.run.paused || ready.length === 0) return over;',
    replace: 'if (ready.length === 0) return over;',
  },
  {
    name: 'the second answer of a service counts',
    checker: 'run-rules',
    file: 'src/engine/transition.ts',
    find: "    return keepIgnored(run, input, 'duplicate-answer');\n  }\n",
    replace: '  }\n',
  },
  {
    name: 'two replicas give the same attempt to two claimers',
    checker: 'run-rules',
    file: 'src/engine/transition.ts',
    find: "input.way === 'claim' && Object.keys(attempt.executors).length >= task.executors)",
    replace: "input.way === 'claim' && Object.keys(attempt.executors).length > task.executors)",
  },
  {
    name: 'the clocks say which task was last',
    checker: 'run-rules',
    file: 'src/engine/run/main-end.ts',
    find: "    if (node?.state === 'finished') found =",
    replace: "    if (node?.state === 'finished' && node.finishedAt % 5 !== 0) found =",
  },
  {
    name: 'a timer that fires twice begins its task twice',
    checker: 'task-runs-once-past-finish',
    file: 'src/engine/transition.ts',
    find: "    if (node.state !== 'delayed' || node.nextAttempt !== Number(number) || input.at < node.dueAt) return nothing(run);\n",
    replace:
      "    if (node.state !== 'delayed') {\n      setNode(work, task.key, { state: 'pending', nextAttempt: Number(number), delayed: true, attempts: node.attempts });\n      makeReady(work, [graphOf(env.sequence).byKey.get(task.key)]);\n      return proceed(work, []);\n    }\n",
  },
  {
    name: 'tasks of the same name are one task',
    checker: 'same-name-tasks',
    file: 'src/engine/run/begin-task.ts',
    find: '  const isFirst = node.nextAttempt === 1 && !node.delayed;\n',
    replace:
      "  if (task.key.endsWith('~2')) {\n    setNode(work, task.key, { ...(work.run.nodes[plan.name] ?? node), join: node.join });\n    return OVER;\n  }\n  const isFirst = node.nextAttempt === 1 && !node.delayed;\n",
  },
  {
    name: 'a trigger dispatched again has another time',
    checker: 'one-trigger-per-attempt',
    file: 'src/engine/run/owed.ts',
    find: 'const event = { id, type: `${task.uses}.triggered`, json, dispatch };',
    replace: 'const event = { id, type: `${task.uses}.triggered`, json: `${json} `, dispatch };',
  },
  {
    name: 'the id of a run depends on when its trigger came',
    checker: 'one-run-per-trigger',
    file: 'src/runtime/ingest.ts',
    find: '      ? runIdOf(event.source, event.id)',
    replace: '      ? runIdOf(event.source, `${event.id}${Math.floor(context.clock.now() / 1000)}`)',
  },
  {
    name: 'an answer that comes too late is dropped',
    checker: 'accepted-is-kept',
    file: 'src/engine/transition.ts',
    find: '  if (seen || run.ignored.length >= IGNORED_KEPT_MAX) return ignored(run, code);',
    replace: '  if (seen || run.ignored.length >= 0) return ignored(run, code);',
  },
  {
    name: 'the last attempt of a task is not shown',
    checker: 'answered-is-seen',
    file: 'src/projection/run-view.ts',
    find: 'const attempts = (node?.attempts ?? []).map(',
    replace: 'const attempts = (node?.attempts ?? []).slice(1).map(',
  },
  {
    name: 'of what was ignored nothing is shown',
    checker: 'answered-is-seen',
    file: 'src/projection/run-view.ts',
    find: '    ignored: run.ignored.map((one) => ({ ...one })),',
    replace: '    ignored: [],',
  },
  {
    name: 'nobody dispatches again',
    checker: 'nothing-left-open',
    file: 'src/runtime/relay.ts',
    find: '      this.#sweep();\n',
    replace: '',
  },
  {
    name: 'a lease never runs out',
    checker: 'nothing-left-open',
    file: 'src/runtime/leases.ts',
    find: '        this.#onLost(one);\n',
    replace: '',
  },
  {
    name: 'nobody looks after a write of unknown outcome',
    checker: 'nothing-left-open',
    file: 'src/runtime/take-up.ts',
    find: '  uncertain(stream: string): void {\n    this.#uncertain.add(stream);\n',
    replace: '  uncertain(_stream: string): void {\n',
  },
  {
    name: 'nobody looks for what a replica left when it went for good',
    checker: 'nothing-left-open',
    file: 'src/runtime/take-up.ts',
    find: '        if (this.#options.shared) this.#roundLater();\n',
    replace: '',
  },
  {
    name: 'a start takes nothing up',
    checker: 'nothing-left-open',
    file: 'src/runtime/take-up.ts',
    find: '        await this.#takeUp(stream, why, groups).catch(() => this.uncertain(stream));\n',
    replace: "        if (why === 'round') await this.#takeUp(stream, why, groups).catch(() => undefined);\n",
  },
  {
    name: 'a timer is forgotten when its entry comes after it',
    checker: 'nothing-left-open',
    file: 'src/runtime/timers.ts',
    find: 'options.shared ? ENTRY_LATE_MAX_MS : 0',
    replace: '0',
  },
  {
    name: 'chance does not come from the clock',
    checker: 'same-seed-same-journal',
    file: 'src/runtime/plane.ts',
    find: '      random: this.#clock.random(),\n    };\n    this.#advance.deliver(timer.stream',
    replace: '      random: Math.random(),\n    };\n    this.#advance.deliver(timer.stream',
  },
];
