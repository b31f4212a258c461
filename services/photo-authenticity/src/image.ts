import { readFile, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TerminalError } from '@slipway/sdk';

/** Larger photos are put somewhere and sent as a file, not as text in an event; and no photo is larger than this. */
const IMAGE_MAX_BYTES = 25 * 1024 * 1024;

/**
 * The bytes that `image` stands for: a path below the folder of photos, a `file:` URL of one, or the photo itself in
 * base64 (bare, or as a `data:` URL). What lies outside of the folder is refused, whichever way it is written.
 */
export async function readImage(image: string, folder: string): Promise<Buffer> {
  const inline = /^data:image\/jpe?g;base64,/i.exec(image)?.[0];
  if (inline !== undefined) return fromBase64(image.slice(inline.length));
  if (image.startsWith(JPEG_IN_BASE64) && image.length > BASE64_MIN) return fromBase64(image);
  return readFile(await placeOf(image, folder)).catch((error: unknown) => {
    throw notFound(image, error);
  });
}

/** How the first bytes of every JPEG look in base64; as a path it would be an absolute one, which is refused anyway. */
const JPEG_IN_BASE64 = '/9j/';
const BASE64_MIN = 100;

function fromBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) {
    throw new TerminalError('the image is neither a path nor base64', { code: 'INVALID_IMAGE' });
  }
  return Buffer.from(text, 'base64');
}

async function placeOf(image: string, folder: string): Promise<string> {
  const path = image.startsWith('file:') ? pathOfUrl(image) : image;
  const home = await realpath(folder);
  const wanted = resolve(home, path);
  if (path.includes('\0') || !isBelow(wanted, home)) throw outside(image);
  // A link inside of the folder may lead out of it.
  const real = await realpath(wanted).catch((error: unknown) => {
    throw notFound(image, error);
  });
  if (!isBelow(real, home)) throw outside(image);
  const { size } = await stat(real);
  if (size > IMAGE_MAX_BYTES) {
    throw new TerminalError(`${image} has ${size} bytes, and at most ${IMAGE_MAX_BYTES} are read`, {
      code: 'TOO_LARGE',
    });
  }
  return real;
}

/** `file:harbour.jpg` and `file:///harbour.jpg` are relative to the folder; `file:///srv/photos/harbour.jpg` may name it. */
function pathOfUrl(image: string): string {
  try {
    if (!image.startsWith('file:/')) return decodeURIComponent(image.slice('file:'.length));
    return fileURLToPath(image);
  } catch (error) {
    throw new TerminalError(`${image.slice(0, 200)} is not a file URL`, { code: 'INVALID_IMAGE', cause: error });
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder + sep);
}

function outside(image: string): TerminalError {
  return new TerminalError(`${image.slice(0, 200)} is outside of the folder of photos`, { code: 'FORBIDDEN' });
}

function notFound(image: string, cause: unknown): TerminalError {
  return new TerminalError(`there is no photo ${image.slice(0, 200)}`, { code: 'NOT_FOUND', cause });
}
