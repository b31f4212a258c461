import type { Session } from '@slipway/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { failureText, jsonBody, request } from '../api/client.ts';
import { reportSignedIn } from '../api/session.ts';

/** The token goes to the server once and comes back as a cookie that no script can read; the page keeps nothing. */
export function SignIn() {
  const queries = useQueryClient();
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData): Promise<void> => {
    setBusy(true);
    try {
      await request<Session>({
        method: 'POST',
        path: '/v1/session',
        body: jsonBody({ token: String(form.get('token')) }),
      });
      queries.clear();
      reportSignedIn();
    } catch (failure) {
      setError(failureText(failure));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(new FormData(event.currentTarget));
        }}
      >
        <img src="/slipway.svg" alt="" width="36" height="36" />
        <h1>Sign in to Slipway</h1>
        <p className="muted">This server requires a token from its token file.</p>
        <label className="field">
          <span>Token</span>
          <input className="input" name="token" type="password" autoComplete="off" required maxLength={512} />
        </label>
        {error === undefined ? null : (
          <p role="alert" className="badge tone-fail">
            {error}
          </p>
        )}
        <button type="submit" className="button primary" disabled={busy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
