import { useQueryClient } from '@tanstack/react-query';
import { failureText, request } from '../api/client.ts';
import { reportSignedOut } from '../api/session.ts';
import { say } from '../ui/copy.tsx';
import { discardAllDrafts } from '../ui/draft.ts';

/** Ends the session. What the page has read and what was being written goes with it: the next person is another one. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    try {
      await request({ method: 'DELETE', path: '/v1/session' });
      discardAllDrafts();
      queries.clear();
      reportSignedOut();
    } catch (failure) {
      say(failureText(failure));
    }
  };
}
