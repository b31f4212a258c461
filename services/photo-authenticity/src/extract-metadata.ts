import { fileURLToPath } from 'node:url';
import { defineTask, outcome, TerminalError } from '@slipway/sdk';
import exifr from 'exifr';
import { z } from 'zod';
import { readImage } from './image.ts';
import { readSize } from './jpeg.ts';

const input = z.object({
  image: z.string().min(1).describe('A path below the folder of photos, a file: URL, or the JPEG in base64'),
  depth: z.enum(['basic', 'full']).default('basic').describe('full: also exposure, lens and copyright'),
});

const output = z.object({
  camera: z.string().optional().describe('Maker and model'),
  takenAt: z.string().optional().describe('ISO 8601; without an offset where the camera knew none'),
  modifiedAt: z.string().optional(),
  gps: z.object({ lat: z.number(), lon: z.number() }).optional(),
  authors: z.array(z.string()).describe('From EXIF, IPTC and XMP, each once'),
  software: z.string().optional().describe('The program that wrote the file last'),
  width: z.number(),
  height: z.number(),
  bytes: z.number(),
  hasMetadata: z.boolean(),
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

const ownPhotos = fileURLToPath(new URL('../photos', import.meta.url));

/** What a JPEG says about itself: camera, time, place, authors, and what it was last written by. */
export const extractMetadata = defineTask({
  name: 'extract-metadata',
  input,
  output,
  async run({ image, depth }) {
    const bytes = await readImage(image, process.env.SLIPWAY_PHOTOS ?? ownPhotos);
    const size = readSize(bytes);
    if (size === undefined) throw new TerminalError('the image is not a JPEG', { code: 'NOT_A_JPEG' });
    const tags = readTags(await parseTags(bytes));
    const found = { ...describe(tags, depth), ...size, bytes: bytes.length };
    if (found.hasMetadata) return found;
    return outcome({
      result: 'warning',
      message: 'the photo carries no metadata: they were removed',
      output: found,
    });
  },
});

/** Metadata are written by a thousand programs, and some of it is garbage: that is a finding about the photo, not a fault. */
async function parseTags(bytes: Buffer): Promise<unknown> {
  try {
    return await exifr.parse(bytes, { tiff: true, xmp: true, iptc: true, reviveValues: false });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TerminalError(`the metadata of the photo cannot be read: ${why}`, {
      code: 'UNREADABLE_METADATA',
      cause: error,
    });
  }
}

const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const texts = z
  .union([z.string().transform((one) => [one]), z.array(z.string())])
  .optional()
  .catch(undefined);

const tagsSchema = z.object({
  Make: text,
  Model: text,
  DateTimeOriginal: text,
  OffsetTimeOriginal: text,
  ModifyDate: text,
  OffsetTime: text,
  Software: text,
  Artist: text,
  Byline: texts,
  creator: texts,
  latitude: number,
  longitude: number,
  LensModel: text,
  ExposureTime: number,
  FNumber: number,
  ISO: number,
  Copyright: text,
});
type Tags = z.output<typeof tagsSchema> & { any: boolean };

function readTags(parsed: unknown): Tags {
  const any = typeof parsed === 'object' && parsed !== null;
  return { ...tagsSchema.parse(any ? parsed : {}), any };
}

function describe(tags: Tags, depth: 'basic' | 'full') {
  const camera = cameraOf(tags.Make, tags.Model);
  const takenAt = isoTime(tags.DateTimeOriginal, tags.OffsetTimeOriginal);
  const modifiedAt = isoTime(tags.ModifyDate, tags.OffsetTime);
  const gps = positionOf(tags);
  return {
    ...(camera === undefined ? {} : { camera }),
    ...(takenAt === undefined ? {} : { takenAt }),
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
    ...(gps === undefined ? {} : { gps }),
    authors: authorsOf(tags),
    ...(tags.Software === undefined ? {} : { software: tags.Software }),
    hasMetadata: tags.any,
    ...(depth === 'full' ? { details: detailsOf(tags) } : {}),
  };
}

/** Makers like to repeat their name in the model's. */
function cameraOf(make: string | undefined, model: string | undefined): string | undefined {
  if (make === undefined || model?.startsWith(make)) return model;
  return model === undefined ? make : `${make} ${model}`;
}

/** `2026:05:14 19:42:07` as EXIF has it, which knows a time zone only where the camera did. */
function isoTime(time: string | undefined, offset: string | undefined): string | undefined {
  const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(time ?? '');
  if (parts === null) return undefined;
  const zone = /^[+-]\d\d:\d\d$/.test(offset ?? '') ? offset : '';
  return `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}${zone}`;
}

function positionOf({ latitude, longitude }: Tags): { lat: number; lon: number } | undefined {
  if (latitude === undefined || longitude === undefined) return undefined;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  // Degrees, minutes and seconds leave noise behind the sixth digit, which is 10 cm.
  return { lat: Math.round(latitude * 1e6) / 1e6, lon: Math.round(longitude * 1e6) / 1e6 };
}

const AUTHORS_MAX = 50;

/** EXIF has one text with semicolons between the names, IPTC and XMP have lists. */
function authorsOf({ Artist, Byline, creator }: Tags): string[] {
  const names = [...(Artist?.split(';') ?? []), ...(Byline ?? []), ...(creator ?? [])].map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))].slice(0, AUTHORS_MAX);
}

function detailsOf({ LensModel, ExposureTime, FNumber, ISO, Copyright }: Tags): Record<string, string | number> {
  const details = { lens: LensModel, exposureS: ExposureTime, fNumber: FNumber, iso: ISO, copyright: Copyright };
  const known = Object.entries(details).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return Object.fromEntries(known);
}
