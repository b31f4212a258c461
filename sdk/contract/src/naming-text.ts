import { z } from 'zod';

/**
 * A text that names something (an id, a source, a label, a version): C0, DEL and C1 controls, bidi marks and line
 * separators are refused in it at every door, because they make a log, a terminal or a reader see another name.
 */
const NAMING_PATTERN = /^[^\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$/u;
const RULE = 'must hold no control, bidi or line separator character';

/** Why a text cannot name anything (the end of a sentence that begins with its place); undefined when it can. */
export function faultInNamingText(text: string): string | undefined {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Nearly every name is printable ASCII throughout and never gets further.
    if (code >= 0x20 && code < 0x7f) continue;
    if (!NAMING_PATTERN.test(text.charAt(at))) {
      return `${RULE}, and has U+${code.toString(16).toUpperCase().padStart(4, '0')} at character ${at + 1}`;
    }
  }
  return undefined;
}

/** The schema of such a text, for every body and query. */
export function namingText(max: number): z.ZodString {
  return z.string().max(max).regex(NAMING_PATTERN, RULE);
}
