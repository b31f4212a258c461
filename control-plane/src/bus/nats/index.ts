export { type NatsBusOptions, openNatsBus } from './open-nats-bus.ts';
export { BusMisconfigured } from './topology.ts';
