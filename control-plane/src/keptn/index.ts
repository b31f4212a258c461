export { type KeptnDoor, makeKeptnDoor } from './door.ts';
