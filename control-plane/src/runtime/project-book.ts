import type { Plan, Project, ProjectPut, ShipyardVersion, SourceProblem } from '@slipway/contract';
import { isName, isObject } from '@slipway/contract';
import type { Env, Evaluator } from '../engine/index.ts';
import { indexPlan } from '../engine/index.ts';
import { createEvaluator, parseShipyard } from '../shipyard/index.ts';
import type { Store, StoredDocument } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { Paged } from './control-plane.ts';
import { Refusal } from './control-plane.ts';
import { settingsVersion } from './settings-version.ts';

/** Throws the Refusal while the disk has no room for new ones of these. */
export type RequireRoom = (what: string) => void;
type EnvOf = (stage: string, sequence: string) => Env;
/** What is kept of an uploaded shipyard. The id is `<project>/<version>`; the plan is made from the text when needed. */
type ShipyardRecord = { project: string; version: string; text: string; plan: Plan; createdAt: number };

const PLANS_CACHED_MAX = 500;
/** How long another replica's change to a project may go unseen. */
const PROJECT_FRESH_MS = 1000;
const TEXT_MAX_BYTES = 262_144;

/** Projects and their shipyards: documents in the store, plans ready to decide with in memory. */
export class ProjectBook {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #shared: boolean;
  readonly #requireRoom: RequireRoom;
  readonly #evaluator: Evaluator;
  readonly #plans = new Map<string, { plan: Plan; envOf: EnvOf }>();
  readonly #projects = new Map<string, { project: Project | undefined; revision: number; readAt: number }>();

  constructor(options: { store: Store; clock: Clock; shared: boolean; requireRoom?: RequireRoom }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#shared = options.shared;
    this.#requireRoom = options.requireRoom ?? (() => undefined);
    this.#evaluator = createEvaluator();
  }

  /** The environment of a run's decisions. Plans never change, so it is the same for ever. */
  envOf(at: { project: string; planVersion: string; stage: string; sequence: string }): Env | Promise<Env> {
    const cached = this.#plans.get(`${at.project}/${at.planVersion}`);
    return cached
      ? cached.envOf(at.stage, at.sequence)
      : this.#loadPlan(at).then((envOf) => envOf(at.stage, at.sequence));
  }

  async #loadPlan(at: { project: string; planVersion: string }): Promise<EnvOf> {
    const id = `${at.project}/${at.planVersion}`;
    const found = await this.#store.getDocument('shipyard', id);
    if (!found) throw new Error(`shipyard ${id} is not in the store`);
    return this.#remember(id, (found.value as ShipyardRecord).plan).envOf;
  }

  #remember(id: string, plan: Plan): { plan: Plan; envOf: EnvOf } {
    for (const oldest of this.#plans.keys()) {
      if (this.#plans.size < PLANS_CACHED_MAX) break;
      this.#plans.delete(oldest);
    }
    const known = { plan, envOf: indexPlan(plan, this.#evaluator) };
    this.#plans.set(id, known);
    return known;
  }

  get evaluator(): Evaluator {
    return this.#evaluator;
  }

  /** The project and its plan when both are in memory and fresh; for the hot path. */
  peek(name: string): { project: Project; plan: Plan; envOf: EnvOf } | undefined {
    const known = this.#projects.get(name);
    if (!known?.project?.shipyardVersion) return undefined;
    if (this.#shared && this.#clock.elapsed() - known.readAt > PROJECT_FRESH_MS) return undefined;
    const plan = this.#plans.get(`${name}/${known.project.shipyardVersion}`);
    return plan && { project: known.project, ...plan };
  }

  /** Brings a project and its plan into memory; undefined when there is no such project or it has no shipyard. */
  async load(name: string): Promise<{ project: Project; plan: Plan; envOf: EnvOf } | undefined> {
    const { project } = await this.#read(name);
    if (!project?.shipyardVersion) return undefined;
    await this.envOf({ project: name, planVersion: project.shipyardVersion, stage: '', sequence: '' });
    const plan = this.#plans.get(`${name}/${project.shipyardVersion}`);
    return plan && { project, ...plan };
  }

  async #read(name: string): Promise<{ project: Project | undefined; revision: number }> {
    const found = await this.#store.getDocument('project', name);
    const known = {
      project: found?.value as Project | undefined,
      revision: found?.revision ?? 0,
      readAt: this.#clock.elapsed(),
    };
    // One process knows the newest by itself, and an answer that was overtaken on its way must not replace it.
    const isOvertaken = !this.#shared && (this.#projects.get(name)?.revision ?? 0) > known.revision;
    if (!isOvertaken) this.#projects.set(name, known);
    return known;
  }

  async get(name: string): Promise<Project> {
    const { project } = await this.#read(name);
    if (!project) throw unknownProject(name);
    return project;
  }

  async list(page: { limit: number; cursor?: string }): Promise<Paged<Project>> {
    return paged(await this.#store.listDocuments('project', listPage(page)), page.limit, (one) => one.value as Project);
  }

  /** Changes the settings. With `ifVersions` only while their version is one of them ('*': while there is the project). */
  async put(
    name: string,
    change: ProjectPut,
    ifVersions?: '*' | readonly string[] | undefined,
  ): Promise<{ project: Project; created: boolean }> {
    if (!isName(name))
      throw new Refusal(
        'invalid-name',
        `'${String(name).slice(0, 80)}' cannot name a project: use lower-case letters, digits and dashes, at most 63`,
      );
    for (let attempt = 0; attempt < 10; attempt++) {
      const { project: before, revision } = await this.#read(name);
      refuseUnlessSettings(before, ifVersions);
      const now = this.#clock.now();
      const base = before ?? newProject(name, now);
      const project: Project = {
        ...base,
        dialect: change.dialect ?? base.dialect,
        config: change.config ?? base.config,
        retention: { ...base.retention, ...withoutUndefined(change.retention) },
        limits: { ...base.limits, ...withoutUndefined(change.limits) },
        updatedAt: now,
      };
      const written = await this.#store.putDocument('project', name, project, before ? revision : 'absent');
      this.#projects.delete(name);
      if (written !== undefined) {
        this.#projects.set(name, { project, revision: written, readAt: this.#clock.elapsed() });
        return { project, created: before === undefined };
      }
    }
    throw new Refusal('conflict', `project ${name} is being changed by others: try again`);
  }

  /**
   * Checks a shipyard, and puts it in use unless this is a dry run. With `ifVersions` only in place of one of them ('*': of
   * any). Without, whoever comes later replaces; but of two at the same moment only one does, for neither knew of the other.
   */
  async putShipyard(
    name: string,
    text: string,
    { dryRun, ifVersions }: { dryRun: boolean; ifVersions?: '*' | readonly string[] | undefined },
  ): Promise<{ version: string; changed: boolean; warnings: SourceProblem[]; plan: Plan }> {
    if (!isName(name))
      throw new Refusal(
        'invalid-name',
        `'${String(name).slice(0, 80)}' cannot name a project: use lower-case letters, digits and dashes, at most 63`,
      );
    if (text.length > TEXT_MAX_BYTES)
      throw new Refusal('too-large', `a shipyard has at most ${TEXT_MAX_BYTES} bytes, this one ${text.length}`);
    const { plan, problems } = parseShipyard(text);
    const errors = problems.filter((problem) => problem.severity === 'error');
    if (!plan || errors.length > 0) {
      const first = errors[0];
      const detail = first ? `${first.line}:${first.column} ${first.message}` : 'the shipyard could not be read';
      const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
      throw new Refusal(
        errors.some((one) => one.code === 'too-large') ? 'too-large' : 'invalid-shipyard',
        `${detail}${more}`,
        {
          errors: errors
            .slice(0, 100)
            .map(({ severity: _severity, message, ...place }) => ({ ...place, detail: message })),
        },
      );
    }
    const warnings = problems.filter((problem) => problem.severity === 'warning');
    const replaced = (await this.#read(name)).project?.shipyardVersion;
    refuseUnlessInUse(replaced, ifVersions);
    const differs = replaced !== plan.version;
    if (dryRun) return { version: plan.version, changed: differs, warnings, plan };
    const now = this.#clock.now();
    const record: ShipyardRecord = { project: name, version: plan.version, text, plan, createdAt: now };
    const id = `${name}/${plan.version}`;
    const known = await this.#store.getDocument('shipyard', id);
    // A version that is kept already takes no room, so that one can go back to it.
    if ((known?.value as ShipyardRecord | undefined)?.text !== text) this.#requireRoom('shipyards');
    if (!known) await this.#store.putDocument('shipyard', id, record, 'absent');
    else if ((known.value as ShipyardRecord).text !== text) {
      await this.#store.putDocument('shipyard', id, { ...(known.value as ShipyardRecord), text });
    }
    if (!this.#plans.has(id)) this.#remember(id, known ? (known.value as ShipyardRecord).plan : plan);
    const changed = differs && (await this.#setVersion(name, plan, { replaced, ifVersions }));
    return { version: plan.version, changed, warnings, plan };
  }

  /** Answers false when somebody else has just put the same one. */
  async #setVersion(
    name: string,
    plan: Plan,
    { replaced, ifVersions }: { replaced: string | undefined; ifVersions: '*' | readonly string[] | undefined },
  ): Promise<boolean> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const { project, revision } = await this.#read(name);
      const inUse = project?.shipyardVersion;
      // The revision ties this look to the write below: nobody can come in between.
      refuseUnlessInUse(inUse, ifVersions);
      if (inUse === plan.version) return false;
      if (inUse !== replaced) throw cameSecond(inUse);
      const now = this.#clock.now();
      // A project made by uploading a Keptn shipyard speaks Keptn's dialect: its services were written for that.
      const dialect = plan.apiVersion.startsWith('spec.keptn.sh/') ? 'keptn' : 'plain';
      const base = project ?? { ...newProject(name, now), dialect };
      const next: Project = { ...base, shipyardVersion: plan.version, updatedAt: now };
      const written = await this.#store.putDocument('project', name, next, project ? revision : 'absent');
      if (written !== undefined) {
        this.#projects.set(name, { project: next, revision: written, readAt: this.#clock.elapsed() });
        return true;
      }
    }
    throw new Refusal('conflict', `project ${name} is being changed by others: try again`);
  }

  async getShipyard(name: string, version?: string): Promise<ShipyardVersion> {
    const project = await this.get(name);
    const wanted = version ?? project.shipyardVersion;
    if (wanted === undefined)
      throw new Refusal('no-shipyard', `project ${name} has no shipyard yet: PUT one to /v1/projects/${name}/shipyard`);
    const found = await this.#store.getDocument('shipyard', `${name}/${wanted}`);
    if (!found) throw new Refusal('not-found', `project ${name} has no shipyard version ${wanted}`);
    return shipyardView(found, project);
  }

  async listShipyards(name: string, page: { limit: number; cursor?: string }): Promise<Paged<ShipyardVersion>> {
    const project = await this.get(name);
    const found = await this.#store.listDocuments('shipyard', { ...listPage(page), prefix: `${name}/` });
    const listed = paged(found, page.limit, (one) => shipyardView(one, project));
    listed.items.sort((a, b) => b.createdAt - a.createdAt);
    return listed;
  }

  async delete(name: string): Promise<void> {
    await this.get(name);
    if ((await this.#store.countRuns({ project: name, open: true })) > 0) {
      throw new Refusal('not-allowed-now', `project ${name} has open runs: abort them or wait for their end`);
    }
    for (;;) {
      const deleted = await this.#store.deleteFinishedRuns({
        project: name,
        finishedBefore: Number.MAX_SAFE_INTEGER,
        limit: 500,
      });
      if (deleted === 0) break;
    }
    for (const one of await this.#store.listDocuments('shipyard', { prefix: `${name}/`, limit: 10_000 })) {
      await this.#store.deleteDocument('shipyard', one.id);
      this.#plans.delete(one.id);
    }
    await this.#store.deleteDocument('project', name);
    this.#projects.delete(name);
  }
}

function newProject(name: string, now: number): Project {
  return {
    name,
    dialect: 'plain',
    config: {},
    retention: { finishedRunsForMs: null, finishedRunsMax: null },
    limits: { openRunsMax: null, waitingRunsMax: null, runsPerSecond: null },
    createdAt: now,
    updatedAt: now,
  };
}

function refuseUnlessInUse(inUse: string | undefined, ifVersions: '*' | readonly string[] | undefined): void {
  if (ifVersions === undefined) return;
  if (inUse !== undefined && (ifVersions === '*' || ifVersions.includes(inUse))) return;
  const found = inUse === undefined ? 'there is none in use yet' : `the one in use is "${inUse}"`;
  throw new Refusal('precondition-failed', `${found}: read the shipyard, and change that one`);
}

function refuseUnlessSettings(project: Project | undefined, ifVersions: '*' | readonly string[] | undefined): void {
  if (ifVersions === undefined) return;
  const version = project && settingsVersion(project);
  if (version !== undefined && (ifVersions === '*' || ifVersions.includes(version))) return;
  const found = version === undefined ? 'there is no such project' : `their version is "${version}"`;
  throw new Refusal('precondition-failed', `the settings changed, ${found}: read the project, and change that one`);
}

function cameSecond(inUse: string | undefined): Refusal {
  const detail = `another shipyard ("${inUse ?? ''}") was put at the same moment: read it, and say in If-Match which version yours is to replace`;
  return new Refusal('precondition-required', detail);
}

function unknownProject(name: string): Refusal {
  return new Refusal(
    'unknown-project',
    `there is no project '${name.slice(0, 80)}': upload a shipyard to /v1/projects/${name.slice(0, 80)}/shipyard and it exists`,
  );
}

function shipyardView(found: StoredDocument, project: Project): ShipyardVersion {
  const record = found.value as ShipyardRecord;
  return { ...record, current: record.version === project.shipyardVersion };
}

/** Pages of documents go by their id; the cursor is the last one shown. */
export function listPage(page: { limit: number; cursor?: string }): { limit: number; after?: string } {
  if (page.cursor === undefined) return { limit: page.limit + 1 };
  if (!page.cursor.startsWith('d'))
    throw new Refusal('invalid-cursor', 'the cursor is not one of this list: leave it out to start over');
  return { limit: page.limit + 1, after: decodeURIComponent(page.cursor.slice(1)) };
}

export function paged<T>(found: readonly StoredDocument[], limit: number, read: (one: StoredDocument) => T): Paged<T> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const page: Paged<T> = { items: shown.map(read) };
  if (found.length > limit && last) page.next = `d${encodeURIComponent(last.id)}`;
  return page;
}

function withoutUndefined<T extends object>(value: T | undefined): JsonLike<T> {
  return (
    value && isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) : {}
  ) as JsonLike<T>;
}
type JsonLike<T> = { [K in keyof T]: Exclude<T[K], undefined> };
