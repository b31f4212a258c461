import type { EventView, RunSummary } from '@slipway/contract';

export type StreamItem = { kind: 'run'; value: RunSummary } | { kind: 'event'; value: EventView };
