#!/usr/bin/env node
// What a container of the image runs: `service NAME` is a task service of the image, everything else the command line.
// Copied as it is, beside what build.ts makes.
import { readdirSync } from 'node:fs';

const [command, name, ...more] = process.argv.slice(2);

if (command === 'service') {
  const services = readdirSync(new URL('./services', import.meta.url)).toSorted();
  if (!services.includes(name) || more.length > 0) {
    process.stderr.write(`Usage: service NAME, and nothing after it. The image has: ${services.join(', ')}.\n`);
    process.exit(2);
  }
  await load(`./services/${name}/main.js`);
} else {
  await load('./lib/cli.js');
}

function load(path) {
  return import(new URL(path, import.meta.url).href);
}
