/**
 * Characters that do not show themselves: controls, marks that reorder what stands beside them, line separators. Shown as they are, a
 * service could make its message read as another one. Joiners are left: scripts and emoji are written with them.
 */
const HIDDEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from outside with its hidden characters written as escapes, as the command line does: `\u202e`. Lines stay lines. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** Text from outside, which can neither reorder nor hide what stands beside it. */
export function Foreign({ text }: { text: string }) {
  return <bdi>{visible(text)}</bdi>;
}

/** A message from outside. One of several lines keeps them, so that a caret stands under the character that it means. */
export function Message({ text }: { text: string }) {
  const shown = visible(text);
  return shown.includes('\n') ? <pre className="lines">{shown}</pre> : <bdi>{shown}</bdi>;
}
