import type {
  MergedSli,
  ProblemCode,
  Resource,
  ResourceHead,
  ResourceKind,
  ResourcePutAnswer,
  SliLevel,
} from '@slipway/contract';
import { isName, nearestName } from '@slipway/contract';
import { type LintProblem, type LintResult, sliLint, sliQueries, sloLint } from '@slipway/evaluation';
import type { Store, StoredDocument } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import type { Paged, RefusalError } from '../control-plane.ts';
import { Refusal } from '../control-plane.ts';
import { listPage, type ProjectBook, paged, type RequireRoom } from '../project-book.ts';
import { resourceVersion } from './evaluation-row.ts';
import type { ResourcePlace, ResourcePut, Resources, ServicePlace } from './ports.ts';

type Head = { place: ResourcePlace; version: string; updatedAt: number };
type Version = { place: ResourcePlace; version: string; text: string; createdAt: number };

const SERVICE_MAX = 256;
const PROBLEMS_MAX = 100;
const VERSIONS_MAX = 1000;
const WRITES_MAX = 10;

/** slo.yaml and sli.yaml: one document says which version is in use, and each version is one that never changes. */
export class ResourceBook implements Resources {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #projects: ProjectBook;
  readonly #requireRoom: RequireRoom;

  constructor(options: { store: Store; clock: Clock; projects: ProjectBook; requireRoom: RequireRoom }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#projects = options.projects;
    this.#requireRoom = options.requireRoom;
  }

  /**
   * Checks a file, and puts it in use unless this is a dry run. With `ifVersions` only in place of one of them ('*': of any).
   * Without, whoever comes later replaces; but of two at the same moment only one does, for neither knew of the other.
   */
  async put(place: ResourcePlace, text: string, { dryRun, ifVersions }: ResourcePut): Promise<ResourcePutAnswer> {
    await this.#requirePlace(place);
    const warnings = checked(place.kind, text);
    const version = resourceVersion(text);
    const before = (await this.#head(place))?.value.version;
    refuseUnlessInUse(place, before, ifVersions);
    const answer = { ...place, version, changed: before !== version, dryRun, warnings };
    if (dryRun || before === version) return answer;
    this.#requireRoom('files');
    const record: Version = { place, version, text, createdAt: this.#clock.now() };
    await this.#store.putDocument('resource-version', versionId(place, version), record, 'absent');
    return { ...answer, changed: await this.#use(place, version, { before, ifVersions }) };
  }

  /** Answers false when somebody else has just put the same one. */
  async #use(
    place: ResourcePlace,
    version: string,
    { before, ifVersions }: { before: string | undefined; ifVersions: ResourcePut['ifVersions'] },
  ): Promise<boolean> {
    for (let attempt = 0; attempt < WRITES_MAX; attempt++) {
      const head = await this.#head(place);
      // The revision ties this look to the write below: nobody can come in between.
      refuseUnlessInUse(place, head?.value.version, ifVersions);
      if (head?.value.version === version) return false;
      if (head?.value.version !== before) throw cameSecond(place, head?.value.version);
      const next: Head = { place, version, updatedAt: this.#clock.now() };
      const written = await this.#store.putDocument('resource', idOf(place), next, head?.revision ?? 'absent');
      if (written !== undefined) return true;
    }
    throw new Refusal('conflict', `${nameOf(place)} is being changed by others: try again`);
  }

  async get(place: ResourcePlace, version?: string): Promise<Resource> {
    await this.#projects.get(place.project);
    const current = (await this.#head(place))?.value.version;
    const wanted = version ?? current;
    if (wanted === undefined) throw new Refusal('not-found', `there is no ${nameOf(place)}: PUT one here`);
    const found = await this.#store.getDocument('resource-version', versionId(place, wanted));
    if (!found) throw new Refusal('not-found', `${nameOf(place)} has no version ${wanted.slice(0, 64)}`);
    return resourceOf(found, current);
  }

  async delete(place: ResourcePlace): Promise<void> {
    await this.#projects.get(place.project);
    const was = await this.#store.deleteDocument('resource', idOf(place));
    if (!was) throw new Refusal('not-found', `there is no ${nameOf(place)}`);
  }

  async listVersions(place: ResourcePlace, page: { limit: number; cursor?: string }): Promise<Paged<Resource>> {
    await this.#projects.get(place.project);
    const current = (await this.#head(place))?.value.version;
    const prefix = versionId(place, '');
    const found = await this.#store.listDocuments('resource-version', { ...listPage(page), prefix });
    const listed = paged(found, page.limit, (one) => resourceOf(one, current));
    listed.items.sort((a, b) => b.createdAt - a.createdAt);
    return listed;
  }

  async list(project: string, page: { limit: number; cursor?: string }): Promise<Paged<ResourceHead>> {
    await this.#projects.get(project);
    const found = await this.#store.listDocuments('resource', { ...listPage(page), prefix: `${project}/` });
    return paged(found, page.limit, ({ value }) => {
      const { place, version, updatedAt } = value as Head;
      return { ...place, version, updatedAt };
    });
  }

  async merged(place: ServicePlace): Promise<MergedSli> {
    await this.#projects.get(place.project);
    const { project, stage, service } = place;
    const levels: readonly [SliLevel, ResourcePlace][] = [
      ['project', { kind: 'sli', project }],
      ['stage', { kind: 'sli', project, stage }],
      ['service', { kind: 'sli', project, stage, service }],
    ];
    const merged: MergedSli = { ...place, indicators: {}, versions: {} };
    for (const [level, at] of levels) {
      const version = (await this.#head(at))?.value.version;
      const found = version && (await this.#store.getDocument('resource-version', versionId(at, version)));
      if (!version || !found) continue;
      merged.versions[level] = version;
      const queries = Object.entries(sliQueries((found.value as Version).text) ?? {});
      const named = queries.map(([sli, query]) => [sli, { query, level, version }]);
      merged.indicators = { ...merged.indicators, ...Object.fromEntries(named) };
    }
    return merged;
  }

  /** With its project go its files. */
  async deleteAll(project: string): Promise<void> {
    for (const kind of ['resource', 'resource-version'] as const) {
      for (;;) {
        const found = await this.#store.listDocuments(kind, { prefix: `${project}/`, limit: VERSIONS_MAX });
        if (found.length === 0) break;
        for (const { id } of found) await this.#store.deleteDocument(kind, id);
      }
    }
  }

  async #head(place: ResourcePlace): Promise<{ value: Head; revision: number } | undefined> {
    const found = await this.#store.getDocument('resource', idOf(place));
    return found && { value: found.value as Head, revision: found.revision };
  }

  /** A file for a stage that does not exist would wait for ever to be used. */
  async #requirePlace({ project, stage, service }: ResourcePlace): Promise<void> {
    await this.#projects.get(project);
    if (service !== undefined && service.length > SERVICE_MAX)
      throw new Refusal('invalid-name', `the name of a service has at most ${SERVICE_MAX} characters`);
    if (stage === undefined) return;
    const stages = (await this.#projects.load(project))?.plan.stages.map(({ name }) => name);
    if (stages === undefined ? isName(stage) : stages.includes(stage)) return;
    const nearest = nearestName(stage, stages ?? []);
    const hint = nearest ? `did you mean '${nearest}'?` : `there are ${stages?.slice(0, 20).join(', ') ?? 'none yet'}`;
    throw new Refusal('unknown-stage', `project ${project} has no stage '${stage.slice(0, 80)}': ${hint}`);
  }
}

/** What may surprise; throws what cannot be used, with every place. */
function checked(kind: ResourceKind, text: string): ResourcePutAnswer['warnings'] {
  const { problems }: LintResult = kind === 'slo' ? sloLint(text) : sliLint(text);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return problems.slice(0, PROBLEMS_MAX).map(warningOf);
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const place = first.place === null ? '' : `${first.place.line}:${first.place.column} `;
  const code: ProblemCode = kind === 'slo' ? 'invalid-slo' : 'invalid-sli';
  const listed = errors.slice(0, PROBLEMS_MAX).map(
    ({ code, message, path, place }): RefusalError => ({
      code,
      detail: message,
      pointer: pointerOf(path),
      ...(place === null ? {} : { line: place.line, column: place.column }),
    }),
  );
  throw new Refusal(code, `${place}${first.message}${more}`, { errors: listed });
}

function warningOf({ severity, code, message, path, place }: LintProblem): ResourcePutAnswer['warnings'][number] {
  const at = place === null ? {} : { line: place.line, column: place.column };
  return { severity, code, message, pointer: pointerOf(path), ...at };
}

/** `objectives[0].pass` is /objectives/0/pass. */
function pointerOf(path: string): string {
  return path === '' ? '' : `/${path.replaceAll('[', '.').replaceAll(']', '').replaceAll('.', '/')}`;
}

function refuseUnlessInUse(
  place: ResourcePlace,
  inUse: string | undefined,
  ifVersions: ResourcePut['ifVersions'],
): void {
  if (ifVersions === undefined) return;
  if (inUse !== undefined && (ifVersions === '*' || ifVersions.includes(inUse))) return;
  const found = inUse === undefined ? 'there is none in use' : `the one in use is "${inUse}"`;
  throw new Refusal('precondition-failed', `${nameOf(place)}: ${found}: read it, and change that one`);
}

function cameSecond(place: ResourcePlace, inUse: string | undefined): Refusal {
  const now = inUse === undefined ? 'was taken out of use' : `another ("${inUse}") was put`;
  const detail = `${nameOf(place)}: ${now} at the same moment: read it, and say in If-Match which version yours is to replace`;
  return new Refusal('precondition-required', detail);
}

function resourceOf({ value }: StoredDocument, current: string | undefined): Resource {
  const { place, version, text, createdAt } = value as Version;
  return { ...place, version, text, createdAt, current: version === current };
}

/** Stages and services are people's texts: no separator may stand in them. */
function idOf({ project, kind, stage = '', service = '' }: ResourcePlace): string {
  return [project, kind, encodeURIComponent(stage), encodeURIComponent(service)].join('/');
}

const versionId = (place: ResourcePlace, version: string): string => `${idOf(place)}/${version}`;

function nameOf({ kind, project, stage, service }: ResourcePlace): string {
  return `${kind}.yaml of ${[project, stage, service].filter((one) => one !== undefined).join('/')}`;
}
