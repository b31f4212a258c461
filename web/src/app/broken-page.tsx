import type { ErrorComponentProps } from '@tanstack/react-router';
import { say } from '../ui/copy.tsx';
import { Failed } from '../ui/screens.tsx';

/** How the browsers, and the loader of the build, say that they could not fetch a script or a style. */
const NOT_FETCHED = /dynamically imported module|Importing a module script|preload CSS/;
const NOT_FETCHED_MESSAGE =
  'Part of this page could not be loaded: the control plane is unreachable, or was upgraded since you opened the page.';

export function BrokenPage({ error, reset }: ErrorComponentProps) {
  const notFetched = error instanceof Error && NOT_FETCHED.test(error.message);
  return (
    <div className="page">
      <div className="head">
        <h1>Slipway</h1>
      </div>
      {notFetched ? (
        <Failed
          error={new Error(NOT_FETCHED_MESSAGE, { cause: error })}
          what="This page cannot be shown"
          retry={() => void loadAnew()}
        />
      ) : (
        <Failed error={error} what="This page failed" retry={reset} />
      )}
    </div>
  );
}

/** A part that failed once stays failed until the page is loaded anew, which with nobody to answer would leave the browser's own error. */
async function loadAnew(): Promise<void> {
  try {
    await fetch('/livez');
    location.reload();
  } catch {
    say('The control plane is still unreachable.');
  }
}
