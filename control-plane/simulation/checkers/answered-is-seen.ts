import { decodeRunEntry } from '../../src/runtime/entry.ts';
import type { CommitItem } from '../../src/store/store.ts';
import type { Plane } from '../world/replica.ts';
import type { Checker, End, Scene } from './checker.ts';

type Answer = { id: string; source: string; task: string; attempt: number; ignored: boolean };

const RUNS_LOOKED_AT_MAX = 3;

/**
 * What a service has answered is seen by whoever asks any replica for the run: as the word of an executor of that attempt, or
 * among the answers that came too late; and as an event, as is what it answered.
 */
export class AnsweredIsSeen implements Checker {
  readonly #scene: Scene;
  readonly #answers = new Map<string, Answer[]>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onCommit(item: CommitItem): void {
    if (item.stream.startsWith('group:')) return;
    const ignored = new Set(item.rows.filter((row) => row.ignored !== undefined).map((row) => row.id));
    for (const input of decodeRunEntry(item)) {
      if (input.kind !== 'answer' || input.phase !== 'finished') continue;
      const { event, task, attempt } = input;
      const answers = this.#answers.get(item.stream) ?? [];
      this.#answers.set(item.stream, answers);
      answers.push({ id: event.id, source: event.source, task, attempt, ignored: ignored.has(event.id) });
    }
  }

  async atEnd({ timedOut }: End): Promise<void> {
    const plane = this.#scene.planes().at(-1);
    if (!plane || timedOut) return;
    const busiest = [...this.#answers].sort(([, a], [, b]) => b.length - a.length);
    for (const [run, answers] of busiest.slice(0, RUNS_LOOKED_AT_MAX)) await this.#lookAt(plane, run, answers);
  }

  async #lookAt(plane: Plane, run: string, answers: readonly Answer[]): Promise<void> {
    const view = await plane.getRun(run);
    const events = await plane.listRunEvents(run, { limit: 1000 });
    const listed = new Set(events.items.map((one) => String(one.event.id)));
    const fail = (what: string): void => this.#scene.fail('answered-is-seen', `${what} of ${run}`);
    for (const { id, source, task, attempt, ignored } of answers) {
      const seen = ignored
        ? view.ignored.some((one) => one.eventId === id)
        : view.tasks
            .find((one) => one.key === task)
            ?.attempts.find((one) => one.number === attempt)
            ?.executors.some((one) => (one.answeredBy ?? one.source) === source && one.finishedAt !== undefined);
      if (!seen) fail(`${id}${ignored ? ' (ignored)' : ''} is not in the view`);
      if (!listed.has(id)) fail(`${id} is not among the events`);
    }
    for (const { id } of view.tasks.flatMap((task) => task.attempts))
      if (!listed.has(id)) fail(`${id} is not among the events`);
  }
}
