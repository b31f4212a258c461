import { durationText, exactText, relativeText } from './format.ts';
import { useNow, useSeconds } from './now.ts';

/** How long ago; the exact time on hover. */
export function Time({ at }: { at: number }) {
  const now = useNow(at);
  return (
    <time dateTime={new Date(at).toISOString()} title={exactText(at)}>
      {relativeText(at, now)}
    </time>
  );
}

/** From `from` to `to`, or to now while there is no end. */
export function Took({ from, to }: { from: number; to: number | undefined }) {
  const now = useSeconds(to === undefined);
  return <span>{durationText((to ?? Math.max(now, from)) - from)}</span>;
}
