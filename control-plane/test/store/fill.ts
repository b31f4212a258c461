/** A process that fills a SQLite store with open runs and ends: `node fill.ts <dir> <runs> <characters of each one's event>`. */
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { firstOf } from './builders.ts';

const BATCH = 50;

const [dir = '', runs, chars] = process.argv.slice(2);
const store = await openSqliteStore({ dir });
const data = 'x'.repeat(Number(chars));
for (let first = 0; first < Number(runs); first += BATCH) {
  // As long as real ids are: V8 copies short texts, and only a long one can hold on to what it was cut out of.
  const items = Array.from({ length: BATCH }, (_, index) =>
    firstOf(`0b1f3a52-6c1d-5e0f-9a3b-${String(first + index).padStart(12, '0')}`, {}, { told: [{ data }] }),
  );
  await store.commit(items);
}
await store.close();
process.stdout.write('written');
