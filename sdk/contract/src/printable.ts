/**
 * Controls, formats (bidi marks, zero width characters) and the separators of lines: in the name of a run or a service
 * they could command the terminal that shows it, reorder a line, or forge one.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const UNPRINTABLE_IN_JSON = /[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/gu;

/** The text with each unprintable character as a visible escape, such as `\u001b`. A tab becomes a blank. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\t' ? ' ' : escaped(character)));
}

/** JSON of the same value, escaped in full: JSON.stringify leaves U+007F to U+009F and bidi marks as they are. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, escaped);
}

function escaped(character: string): string {
  let text = '';
  for (let index = 0; index < character.length; index += 1) {
    text += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return text;
}
