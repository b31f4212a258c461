import { runTask } from '@slipway/sdk';
import { expect, test } from 'vitest';
import { authorSearch } from '../src/author-search.ts';
import { geolookup } from '../src/geolookup.ts';

test.each([
  [53.5461, 9.9662, 'Hamburg', 'DE'],
  [47.2692, 11.4041, 'Innsbruck', 'AT'],
  [-33.0472, -71.6127, 'Valparaíso', 'CL'],
  [-16.5, 179.99, 'Labasa', 'FJ'],
  [64.1466, -21.9426, 'Reykjavík', 'IS'],
])('%d, %d is near %s, %s', async (lat, lon, place, country) => {
  expect(await runTask(geolookup, { lat, lon })).toMatchObject({ status: 'succeeded', output: { place, country } });
});

test('a position may come in one piece, and none at all is a warning', async () => {
  const both = await runTask(geolookup, { gps: { lat: 52.5208, lon: 13.4094 } });
  expect(both).toMatchObject({ result: 'pass', output: { country: 'DE', countryName: 'Germany' } });
  expect(both.output?.distanceKm).toBeLessThan(10);
  for (const input of [{}, { gps: null }, { lat: null, lon: null }]) {
    expect(await runTask(geolookup, input)).toMatchObject({ result: 'warning', output: { place: null } });
  }
});

test('far from every town the nearest is named with a warning', async () => {
  expect(await runTask(geolookup, { lat: 0, lon: -140 })).toMatchObject({
    result: 'warning',
    message: expect.stringMatching(/is \d{4} km away$/),
  });
});

test.each([[{ lat: 91, lon: 0 }], [{ lat: 0, lon: 181 }], [{ lat: 'north', lon: 0 }]])(
  '%j is no position',
  async (input) => {
    expect(await runTask(geolookup, input)).toMatchObject({ error: { code: 'INVALID_INPUT' } });
  },
);

test('authors are found by name and alias, in any case and with or without accents', async () => {
  const authors = ['mara lindqvist', 'Tomas O.', 'Inés  ABALONE', 'Nobody Inparticular'];
  expect(await runTask(authorSearch, { authors })).toMatchObject({
    result: 'warning',
    message: 'not in the directory: Nobody Inparticular',
    output: {
      found: [{ id: 'p-0001' }, { id: 'p-0002', author: 'Tomas O.' }, { id: 'p-0003' }],
      unknown: ['Nobody Inparticular'],
    },
  });
  expect(await runTask(authorSearch, { authors: ['Pavel Quist'] })).toMatchObject({ result: 'pass' });
  expect(await runTask(authorSearch, { authors: [] })).toMatchObject({ result: 'warning' });
});
