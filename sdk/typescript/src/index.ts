/** Write a task service (`defineTask`, `serve`), test it (`runTask`), or talk to the control plane (`createClient`). */
export type { CloudEvent, JsonObject, Result, Status, TaskError } from '@slipway/contract';
export { isPrivateAddress } from '@slipway/contract';
export type { Progress } from './attempt.ts';
export type { CallOptions, RouteAnswer, RouteArguments } from './client/arguments.ts';
export type { Client, ClientOptions, Triggered, TriggerRequest } from './client/client.ts';
export { createClient } from './client/client.ts';
export type { StreamItem, StreamOptions } from './client/stream.ts';
export { fromEnvironment } from './environment.ts';
export {
  AttemptCancelled,
  RetryAfter,
  ServerUnreachable,
  ServiceEnding,
  SlipwayProblem,
  TaskErrored,
  TerminalError,
} from './errors.ts';
export { openFileLedger } from './file-ledger.ts';
export type { Ledger, LedgerOptions } from './ledger.ts';
export { MemoryLedger } from './ledger.ts';
export type { Logger } from './log.ts';
export { silentLogger, stderrLogger } from './log.ts';
export type { PushOptions } from './push/transport.ts';
export type { RunTaskOptions, TaskRun } from './run-task.ts';
export { runTask } from './run-task.ts';
export type { ServeOptions, Service, ServiceStats } from './serve.ts';
export { serve } from './serve.ts';
export type { Outcome, Task, TaskContext } from './task.ts';
export { defineTask, outcome } from './task.ts';
export type { TransportCounts } from './transport.ts';
export type { Answer, Filter } from './trigger.ts';
