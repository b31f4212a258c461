export { openNatsBus } from './open-nats-bus.ts';
export { BusMisconfigured } from './topology.ts';
