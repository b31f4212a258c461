export { openMongoStore } from './open-mongo-store.ts';
