export { LocalBus, type LocalBusOptions } from './local-bus.ts';
