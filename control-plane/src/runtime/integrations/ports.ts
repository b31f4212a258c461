/** Which events an integration wants; an empty list leaves that dimension open. */
export type IntegrationFilter = {
  readonly projects: readonly string[];
  readonly stages: readonly string[];
  readonly services: readonly string[];
};

export type IntegrationSubscription = {
  readonly id: string;
  readonly event: string;
  readonly filter: IntegrationFilter;
};

/** A program that has registered itself: Keptn calls it an integration, and the list of them the uniform. */
export type Integration = {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly namespace: string;
  readonly podName: string;
  readonly deploymentName: string;
  readonly version: string;
  readonly distributorVersion: string;
  readonly location: string;
  /** Epoch ms. */
  readonly lastSeenAt: number;
  readonly subscriptions: readonly IntegrationSubscription[];
};

export type Registration = Omit<Integration, 'id' | 'lastSeenAt' | 'subscriptions'> & {
  readonly subscriptions: readonly Omit<IntegrationSubscription, 'id'>[];
};

/** A line that an integration logged, such as a failure at its work. */
export type IntegrationLog = {
  readonly integrationId: string;
  readonly message: string;
  readonly at: number;
  readonly correlationId: string;
  readonly task: string;
  readonly triggeredId: string;
  readonly gitCommitId: string;
};

export interface Integrations {
  /** Registers a program under `sha1(name-namespace-hostname)`. A known one keeps its subscriptions: people may have changed them. */
  register(registration: Registration): Promise<{ id: string; created: boolean }>;
  /** Notes a sign of life. Undefined: not registered. */
  ping(id: string): Promise<Integration | undefined>;
  get(id: string): Promise<Integration | undefined>;
  list(): Promise<Integration[]>;
  remove(id: string): Promise<boolean>;
  /** Undefined: no such integration. */
  addSubscription(id: string, subscription: Omit<IntegrationSubscription, 'id'>): Promise<string | undefined>;
  /** False: no such integration or subscription. */
  putSubscription(id: string, subscription: IntegrationSubscription): Promise<boolean>;
  removeSubscription(id: string, subscription: string): Promise<boolean>;
  log(lines: readonly IntegrationLog[]): Promise<void>;
  /** Newest first. */
  logs(filter: { integrationId?: string; from?: number; until?: number }): Promise<IntegrationLog[]>;
  deleteLogs(filter: { integrationId?: string; from?: number; until?: number }): Promise<void>;
}
