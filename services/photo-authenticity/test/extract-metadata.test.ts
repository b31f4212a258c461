import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTask } from '@slipway/sdk';
import { afterAll, afterEach, expect, test } from 'vitest';
import { extractMetadata } from '../src/extract-metadata.ts';

const photos = new URL('../photos/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'slipway-photos-'));
afterEach(() => {
  delete process.env.SLIPWAY_PHOTOS;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a photo tells its camera, time, place, authors and size', async () => {
  expect(await runTask(extractMetadata, { image: 'harbour.jpg', depth: 'full' })).toMatchObject({
    result: 'pass',
    output: {
      camera: 'Fernblick F2',
      takenAt: '2026-05-14T19:42:07+02:00',
      gps: { lat: 53.5461, lon: 9.9662 },
      authors: ['Mara Lindqvist', 'Tomas Okonjo'],
      width: 640,
      height: 427,
      hasMetadata: true,
      details: { lens: '35mm f/2', exposureS: 0.004, fNumber: 5.6, iso: 200 },
    },
  });
});

test('south and west are negative, an author may stand in XMP alone, and a camera may know no time zone', async () => {
  const { output } = await runTask(extractMetadata, { image: 'bay.jpg' });
  expect(output).toMatchObject({
    camera: 'Kestrel Optics K-100',
    takenAt: '2025-12-27T20:51:00',
    gps: { lat: -33.0472, lon: -71.6127 },
    authors: ['Tomas Okonjo'],
  });
});

test('what wrote the file last is told, and when', async () => {
  const { output } = await runTask(extractMetadata, { image: 'retouched.jpg' });
  expect(output).toMatchObject({
    software: 'PixelBrush 4.1',
    takenAt: '2026-01-05T11:00:00',
    modifiedAt: '2026-03-30T22:14:09',
  });
});

test('a photo without a position has none, and one without any metadata is a warning', async () => {
  const { output } = await runTask(extractMetadata, { image: 'meadow.jpg' });
  expect(output).not.toHaveProperty('gps');
  expect(await runTask(extractMetadata, { image: 'bare.jpg' })).toMatchObject({
    result: 'warning',
    output: { hasMetadata: false, authors: [], width: 640, height: 427 },
  });
});

test('a photo may come as base64, as a data: URL, and as a file: URL', async () => {
  const base64 = readFileSync(new URL('ridge.jpg', photos)).toString('base64');
  const images = [base64, `data:image/jpeg;base64,${base64}`, 'file:ridge.jpg', new URL('ridge.jpg', photos).href];
  for (const image of images) {
    expect(await runTask(extractMetadata, { image })).toMatchObject({ output: { authors: ['Ines Abalone'] } });
  }
});

test.each([
  ['../package.json', 'FORBIDDEN'],
  ['/etc/passwd', 'FORBIDDEN'],
  ['file:///etc/passwd', 'FORBIDDEN'],
  ['file:..%2f..%2fpackage.json', 'FORBIDDEN'],
  ['file://host/share/a.jpg', 'INVALID_IMAGE'],
  ['a\0.jpg', 'FORBIDDEN'],
  ['.', 'FORBIDDEN'],
  ['nothing.jpg', 'NOT_FOUND'],
  ['data:image/jpeg;base64,%%%', 'INVALID_IMAGE'],
  ['data:image/jpeg;base64,aGVsbG8=', 'NOT_A_JPEG'],
])('%j is refused for good: %s', async (image, code) => {
  expect(await runTask(extractMetadata, { image })).toMatchObject({
    status: 'errored',
    error: { code, retryable: false },
  });
});

test('a link that leads out of the folder is refused, and the folder may be another one', async () => {
  symlinkSync('/etc/passwd', join(folder, 'link.jpg'));
  writeFileSync(join(folder, 'mine.jpg'), readFileSync(new URL('ridge.jpg', photos)));
  process.env.SLIPWAY_PHOTOS = folder;
  expect(await runTask(extractMetadata, { image: 'link.jpg' })).toMatchObject({ error: { code: 'FORBIDDEN' } });
  expect(await runTask(extractMetadata, { image: 'mine.jpg' })).toMatchObject({ result: 'pass' });
});

test('a JPEG cut off anywhere ends in an answer, never in a crash', async () => {
  const whole = readFileSync(new URL('harbour.jpg', photos));
  for (let length = 0; length < 2_000; length += 7) {
    const image = `data:image/jpeg;base64,${whole.subarray(0, length).toString('base64')}`;
    const { status, error } = await runTask(extractMetadata, { image });
    if (status === 'errored') {
      expect(['NOT_A_JPEG', 'UNREADABLE_METADATA', 'INVALID_IMAGE']).toContain(error?.code);
    }
  }
});
