import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { sessionQuery } from '../api/queries.ts';
import { useSignedOut } from '../api/session.ts';
import { type LiveState, useLiveState } from '../api/stream.ts';
import { Toast } from '../ui/copy.tsx';
import { visible } from '../ui/foreign.tsx';
import { useFocusOnPage } from './focus.ts';
import { Icon } from './icons.tsx';
import { useKeys } from './keys.ts';
import { pages } from './pages.ts';
import { useSignOut } from './sign-out.ts';
import { useTheme } from './theme.ts';

const Palette = lazy(() => import('./palette.tsx').then((file) => ({ default: file.Palette })));
const KeyHelp = lazy(() => import('./key-help.tsx').then((file) => ({ default: file.KeyHelp })));
const SignIn = lazy(() => import('./sign-in.tsx').then((file) => ({ default: file.SignIn })));

/** Everything around a page: navigation, the find box, keys, what is live. */
export function Shell() {
  const [open, setOpen] = useState<'palette' | 'help'>();
  const navigate = useNavigate();
  const { theme, next } = useTheme();
  const signedOut = useSignedOut();
  const live = useLiveState();
  useFocusOnPage();
  useKeys({
    find: () => setOpen('palette'),
    help: () => setOpen('help'),
    go: (letter) => {
      const page = pages.find((one) => one.letter === letter);
      if (page) void navigate({ to: page.to });
    },
  });
  if (signedOut) {
    return (
      <Suspense>
        <SignIn />
      </Suspense>
    );
  }
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <aside className="rail">
        <Link to="/runs" className="brand">
          <img src="/slipway.svg" alt="" width="26" height="26" />
          Slipway
        </Link>
        <button type="button" className="finder" onClick={() => setOpen('palette')}>
          <Icon name="find" />
          Find
          <span className="kbd">Ctrl K</span>
        </button>
        <nav aria-label="Pages">
          {pages.map((page) => (
            <Link key={page.to} to={page.to}>
              <Icon name={page.icon} />
              <span className="only-wide">{page.name}</span>
              <span className="only-narrow">{page.short}</span>
            </Link>
          ))}
        </nav>
        <div className="foot">
          <Who />
          <Live />
          <div className="row">
            <button type="button" className="button ghost small" onClick={next} title="Light, dark, high contrast">
              <Icon name="theme" />
              {theme}
            </button>
            <button type="button" className="button ghost small" onClick={() => setOpen('help')} aria-label="Keys">
              <span className="kbd">?</span>
            </button>
          </div>
        </div>
      </aside>
      <main id="main" className="main" tabIndex={-1} data-cut={live === 'cut' ? '' : undefined}>
        <Outlet />
        {live === 'cut' ? (
          <p className="cut-note" role="status">
            Connection lost, reconnecting. This page shows the last data that arrived.
          </p>
        ) : null}
      </main>
      <Toast />
      <Suspense>
        {open === 'palette' ? <Palette onClose={() => setOpen(undefined)} /> : null}
        {open === 'help' ? <KeyHelp onClose={() => setOpen(undefined)} /> : null}
      </Suspense>
    </div>
  );
}

/** Whom the server takes this browser for, where it knows its callers, and the way out. */
function Who() {
  const { data } = useQuery(sessionQuery);
  const signOut = useSignOut();
  if (data === undefined || data.way === 'open' || data.way === 'none') return null;
  return (
    <p className="who">
      <span className="cut" title={`Signed in as ${data.name ?? ''}`}>
        {visible(data.name ?? '')}
      </span>
      <button type="button" className="button ghost small" onClick={() => void signOut()}>
        Sign out
      </button>
    </p>
  );
}

const liveWords: Record<LiveState, { word: string; tone: string }> = {
  connecting: { word: 'Connecting', tone: 'waiting' },
  live: { word: 'Live', tone: 'pass' },
  cut: { word: 'Connection lost, reconnecting', tone: 'fail' },
  asleep: { word: 'Paused in background', tone: 'idle' },
};

function Live() {
  const state = useLiveState();
  const { word, tone } = state === undefined ? { word: '', tone: 'idle' } : liveWords[state];
  return (
    <p className={`live tone-${tone}`} role="status" data-live={state}>
      <svg className="glyph" viewBox="0 0 16 16" aria-hidden="true">
        {state === undefined ? null : state === 'live' ? (
          <circle cx="8" cy="8" r="4" fill="currentColor" />
        ) : (
          <circle cx="8" cy="8" r="3.400" fill="none" stroke="currentColor" strokeWidth="1.600" strokeDasharray="2 2" />
        )}
      </svg>
      {word}
    </p>
  );
}
