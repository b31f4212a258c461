import type {
  Evaluation,
  EvaluationRequest,
  EvaluationStarted,
  EvaluationSummary,
  MergedSli,
  ReplayAnswer,
  Resource,
  ResourceHead,
  ResourceKind,
  ResourcePutAnswer,
  WhatIfAnswer,
  WhatIfRequest,
} from '@slipway/contract';

type Page = { limit: number; cursor?: string };
type Listed<T> = { items: T[]; next?: string };

/** Whose file it is: without a service it holds for all of the stage, without a stage for all of the project. */
export type ResourcePlace = { kind: ResourceKind; project: string; stage?: string; service?: string };
export type ResourcePut = { dryRun: boolean; ifVersions?: '*' | readonly string[] | undefined };

/** What the doors may ask of slo.yaml and sli.yaml. */
export interface Resources {
  put(place: ResourcePlace, text: string, options: ResourcePut): Promise<ResourcePutAnswer>;
  get(place: ResourcePlace, version?: string): Promise<Resource>;
  delete(place: ResourcePlace): Promise<void>;
  listVersions(place: ResourcePlace, page: Page): Promise<Listed<Resource>>;
  list(project: string, page: Page): Promise<Listed<ResourceHead>>;
  merged(place: ServicePlace): Promise<MergedSli>;
}

export type ServicePlace = { project: string; stage: string; service: string };
export type Who = { author?: string | undefined; reason?: string | undefined };

export type EvaluationFilter = Page & {
  project: string;
  stage?: string;
  service?: string;
  task?: EvaluationSummary['task'];
  results?: readonly EvaluationSummary['result'][];
  correlationid?: string;
  deployment?: string;
  commit?: string;
  tag?: string;
  labels?: Readonly<Record<string, string>>;
  /** Only those that are, or only those that are not. */
  invalidated?: boolean;
  samples: boolean;
  since?: number;
  until?: number;
};

/** What the doors may ask of evaluations. */
export interface Evaluations {
  list(filter: EvaluationFilter): Promise<Listed<EvaluationSummary>>;
  get(id: string, source?: string): Promise<Evaluation>;
  start(
    place: ServicePlace,
    request: EvaluationRequest,
    idempotencyKey: string | undefined,
  ): Promise<EvaluationStarted>;
  invalidate(id: string, who: Who): Promise<EvaluationSummary>;
  reinstate(id: string, who: Who): Promise<EvaluationSummary>;
  replay(id: string): Promise<ReplayAnswer>;
  whatIf(id: string, change: WhatIfRequest): Promise<WhatIfAnswer>;
  /** One HTML page. */
  report(id: string): Promise<string>;
  /** Makes the rows that an older program did not write. */
  catchUp(): Promise<void>;
}
