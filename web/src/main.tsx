import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/json.css';
import './styles/events.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client.ts';
import { preloadPages } from './app/preload.ts';
import { router } from './app/router.tsx';
import { startTheme } from './app/theme.ts';

const RETRIES_MAX = 2;
const RETRY_MS = 400;

startTheme();
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      refetchOnWindowFocus: false,
      retryDelay: (count) => RETRY_MS * 2 ** count,
      // What the server refused it would refuse again.
      retry: (count, error) =>
        count < RETRIES_MAX && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
addEventListener('load', preloadPages);
