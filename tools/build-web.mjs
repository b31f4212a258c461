// Builds web/dist when it is older than its sources; fails when it cannot. `--after-install` is what npm runs after
// `npm ci`: it never fails an install, and without the development packages (`--omit=dev`) there is nothing to build with.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildWeb, findNode } from './bootstrap.mjs';

const afterInstall = process.argv.includes('--after-install');
const canBuild = existsSync(fileURLToPath(new URL('../node_modules/vite/bin/vite.js', import.meta.url)));
const built = (canBuild || !afterInstall) && buildWeb(findNode() ?? process.execPath);
process.exitCode = built || afterInstall ? 0 : 1;
