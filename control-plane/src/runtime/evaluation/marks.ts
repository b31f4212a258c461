import type { Evaluation, EvaluationSummary } from '@slipway/contract';
import type { Store } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { Refusal } from '../control-plane.ts';
import type { Who } from './ports.ts';

type Mark = Evaluation['marks'][number];
export type Marked = { id: string; invalidated: EvaluationSummary['invalidated'] | null; marks: readonly Mark[] };
type Place = { project: string; stage?: string | undefined; service?: string | undefined };

const PAGE = 1000;
const WRITES_MAX = 10;
const MARKS_KEPT_MAX = 50;

/**
 * Which evaluations are invalidated: a document for each that ever was, by its place, beside the journal, which is never
 * changed. As in Keptn the key is the id of the attempt, so a mark may come before what it is about.
 */
export class Marks {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** All of a place, by the id of the evaluation; few, as somebody had to be asked about each. */
  async of(place: Place): Promise<Map<string, Marked>> {
    const found = new Map<string, Marked>();
    const prefix = prefixOf(place);
    let after: string | undefined;
    for (;;) {
      const page = { prefix, limit: PAGE, ...(after === undefined ? {} : { after }) };
      const documents = await this.#store.listDocuments('evaluation-mark', page);
      for (const { value } of documents) found.set((value as Marked).id, value as Marked);
      after = documents.at(-1)?.id;
      if (documents.length < PAGE) return found;
    }
  }

  async find(place: Place, id: string): Promise<Marked | undefined> {
    return (await this.#store.getDocument('evaluation-mark', keyOf(place, id)))?.value as Marked | undefined;
  }

  /** Doing it twice changes nothing: the first reason stays. */
  async set(place: Place, id: string, action: Mark['action'], who: Who): Promise<Marked> {
    for (let attempt = 0; attempt < WRITES_MAX; attempt++) {
      const found = await this.#store.getDocument('evaluation-mark', keyOf(place, id));
      const before = (found?.value as Marked | undefined) ?? { id, invalidated: null, marks: [] };
      if ((before.invalidated !== null) === (action === 'invalidate')) return before;
      const said = {
        at: this.#clock.now(),
        ...(who.author === undefined ? {} : { author: who.author }),
        ...(who.reason === undefined ? {} : { reason: who.reason }),
      };
      const marks = [...before.marks, { action, ...said }].slice(-MARKS_KEPT_MAX);
      const next: Marked = { id, invalidated: action === 'invalidate' ? said : null, marks };
      const expect = found?.revision ?? 'absent';
      if ((await this.#store.putDocument('evaluation-mark', keyOf(place, id), next, expect)) !== undefined) return next;
    }
    throw new Refusal('conflict', `evaluation ${id} is being marked by others: try again`);
  }

  async deleteAll(project: string): Promise<void> {
    for (;;) {
      const found = await this.#store.listDocuments('evaluation-mark', { prefix: `${project}/`, limit: PAGE });
      if (found.length === 0) return;
      for (const { id } of found) await this.#store.deleteDocument('evaluation-mark', id);
    }
  }
}

/** A service is only asked for together with its stage; otherwise what is above it is read. */
function prefixOf({ project, stage, service }: Place): string {
  const parts = stage === undefined ? [project] : service === undefined ? [project, stage] : [project, stage, service];
  return `${parts.map(encodeURIComponent).join('/')}/`;
}

function keyOf({ project, stage = '', service = '' }: Place, id: string): string {
  return [project, stage, service, id].map(encodeURIComponent).join('/');
}
