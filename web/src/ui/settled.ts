import { useEffect, useState } from 'react';

const TYPING_MS = 350;

/** The value once it has not changed for a moment: what somebody types asks the server once, and not for each key. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
