// Builds web/dist when it is older than what it is made of; fails when it cannot.
import { buildWeb } from './bootstrap.mjs';

process.exitCode = buildWeb(process.execPath) ? 0 : 1;
