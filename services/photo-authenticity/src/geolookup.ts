import { defineTask, outcome } from '@slipway/sdk';
import { z } from 'zod';
import { nearestPlace } from './places.ts';

const lat = z.number().min(-90).max(90);
const lon = z.number().min(-180).max(180);

const input = z
  .object({
    lat: lat.nullish(),
    lon: lon.nullish(),
    gps: z.object({ lat, lon }).nullish().describe('Both in one, as extract-metadata gives them'),
  })
  .transform(({ lat, lon, gps }) => gps ?? (lat == null || lon == null ? undefined : { lat, lon }));

const output = z.object({
  place: z.string().nullable(),
  country: z.string().nullable().describe('ISO 3166-1, two letters'),
  countryName: z.string().nullable(),
  distanceKm: z.number().nullable(),
});

/** Further from any town than this, and the name of the nearest says little about where it is. */
const FAR_KM = 150;

const regionNames = new Intl.DisplayNames('en', { type: 'region' });

/** The nearest town to a position, from data that come with the service: nobody is asked. */
export const geolookup = defineTask({
  name: 'geolookup',
  input,
  output,
  run(position) {
    if (position === undefined) {
      const nowhere = { place: null, country: null, countryName: null, distanceKm: null };
      return outcome({ result: 'warning', message: 'there is no position to look up', output: nowhere });
    }
    const { name, country, distanceKm } = nearestPlace(position.lat, position.lon);
    const found = {
      place: name,
      country,
      countryName: regionNames.of(country) ?? country,
      distanceKm: Math.round(distanceKm * 10) / 10,
    };
    if (distanceKm <= FAR_KM) return found;
    const message = `the nearest town, ${name}, is ${Math.round(distanceKm)} km away`;
    return outcome({ result: 'warning', message, output: found });
  },
});
