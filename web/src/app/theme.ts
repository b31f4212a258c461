import { useSyncExternalStore } from 'react';

const choices = ['system', 'light', 'dark', 'contrast', 'contrast-dark'] as const;
type Theme = (typeof choices)[number];
const words: Record<Theme, string> = {
  system: 'System theme',
  light: 'Light',
  dark: 'Dark',
  contrast: 'High contrast',
  'contrast-dark': 'Contrast, dark',
};

const KEY = 'slipway-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');
const listeners = new Set<() => void>();

function chosen(): Theme {
  const kept = localStorage.getItem(KEY);
  return choices.find((theme) => theme === kept) ?? 'system';
}

function apply(): void {
  const theme = chosen();
  const [asked, askedDark] = contrast.matches ? (['contrast', 'contrast-dark'] as const) : (['light', 'dark'] as const);
  const bySystem = dark.matches ? askedDark : asked;
  document.documentElement.dataset.theme = theme === 'system' ? bySystem : theme;
}

export function startTheme(): void {
  apply();
  dark.addEventListener('change', apply);
  contrast.addEventListener('change', apply);
}

/** The theme in a word, and the step to the next one. */
export function useTheme(): { theme: string; next(): void } {
  const theme = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, chosen);
  return {
    theme: words[theme],
    next() {
      const following = choices[(choices.indexOf(theme) + 1) % choices.length] ?? 'system';
      localStorage.setItem(KEY, following);
      apply();
      for (const listener of listeners) listener();
    },
  };
}
