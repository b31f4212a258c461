/**
 * What a person or a terminal must not be fooled by: control characters, line and paragraph separators, and the marks
 * that turn the direction of writing around. They are shown as escapes, as in JSON.
 */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text with hidden characters as `\uXXXX`; line feeds and tabs stay. */
export function escapeControls(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** `"text"` for a message, cut where it gets long. */
export function quoted(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return `"${escapeControls(shown).replaceAll('\n', '\\n')}"`;
}
