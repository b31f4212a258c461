import { readFileSync } from 'node:fs';

export interface Place {
  name: string;
  /** ISO 3166-1, two letters. */
  country: string;
  distanceKm: number;
}

/** Towns of at least 20,000 people, and every capital: see NOTICE for where they are from. */
const file = new URL('../data/places.tsv', import.meta.url);

const EARTH_RADIUS_KM = 6371.009;
const RADIANS = Math.PI / 180;

interface Places {
  names: string[];
  countries: string[];
  /** Unit vectors, three numbers each: the nearest place is the one with the greatest dot product. */
  vectors: Float64Array;
}

let loaded: Places | undefined;

/** The nearest place on the sphere. Looks at all 19,000 of them, which takes a tenth of a millisecond. */
export function nearestPlace(lat: number, lon: number): Place {
  loaded ??= load();
  const { names, countries, vectors } = loaded;
  const [x, y, z] = unitVector(lat, lon);
  let best = 0;
  let bestDot = -2;
  for (let place = 0, at = 0; place < names.length; place++, at += 3) {
    const dot = x * (vectors[at] ?? 0) + y * (vectors[at + 1] ?? 0) + z * (vectors[at + 2] ?? 0);
    if (dot > bestDot) {
      bestDot = dot;
      best = place;
    }
  }
  const distanceKm = EARTH_RADIUS_KM * Math.acos(Math.min(1, Math.max(-1, bestDot)));
  return { name: names[best] ?? '', country: countries[best] ?? '', distanceKm };
}

function load(): Places {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const places: Places = { names: [], countries: [], vectors: new Float64Array(lines.length * 3) };
  for (const [index, line] of lines.entries()) {
    const [name = '', country = '', lat, lon] = line.split('\t');
    places.names.push(name);
    places.countries.push(country);
    places.vectors.set(unitVector(Number(lat), Number(lon)), index * 3);
  }
  return places;
}

function unitVector(lat: number, lon: number): [number, number, number] {
  const across = Math.cos(lat * RADIANS);
  return [across * Math.cos(lon * RADIANS), across * Math.sin(lon * RADIANS), Math.sin(lat * RADIANS)];
}
