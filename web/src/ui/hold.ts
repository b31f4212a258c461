import { type FocusEvent, type PointerEvent, useEffect, useState } from 'react';

/** A finger gives no sign before it taps: where there is only a finger, lists never move by themselves. */
const noHover = matchMedia('(hover: none)');

/**
 * Whether a person is about to act on a live list: the pointer is over it, the focus is in it, or there is only a finger. Then
 * rows stay where they are; `hold` goes onto the element around them.
 */
export function useHold() {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const [touched, setTouched] = useState(noHover.matches);
  useEffect(() => {
    if (!touched || noHover.matches) return;
    // A machine with both: the finger has left when something else is pressed.
    const release = (): void => setTouched(false);
    addEventListener('pointerdown', release);
    return () => removeEventListener('pointerdown', release);
  }, [touched]);
  return {
    held: pointed || focused || touched,
    hold: {
      onPointerEnter: (event: PointerEvent) => setPointed(event.pointerType !== 'touch'),
      onPointerLeave: () => setPointed(false),
      onPointerDown: (event: PointerEvent) => {
        if (event.pointerType !== 'touch') return;
        event.stopPropagation();
        setTouched(true);
      },
      onFocus: () => setFocused(true),
      onBlur: (event: FocusEvent) => setFocused(event.currentTarget.contains(event.relatedTarget)),
    },
  };
}

/** `value` as it was when the hold began, until it ends; `isBehind` while there is a newer one, which `catchUp` shows. */
export function useHeld<T>(value: T, held: boolean): { shown: T; isBehind: boolean; catchUp: () => void } {
  const [frozen, setFrozen] = useState<{ value: T }>();
  if (held && frozen === undefined && value !== undefined) setFrozen({ value });
  if (!held && frozen !== undefined) setFrozen(undefined);
  const shown = held && frozen !== undefined ? frozen.value : value;
  return { shown, isBehind: shown !== value, catchUp: () => setFrozen({ value }) };
}
