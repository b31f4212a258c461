import type { Plan, Problem } from '@slipway/contract';
import { keepPreviousData, type QueryClient, useQuery } from '@tanstack/react-query';
import { ApiError, pathOf, request } from '../../api/client.ts';
import { projectsQuery, type Shipyard } from '../../api/queries.ts';
import { useSettled } from '../../ui/settled.ts';
import type { Finding } from '../../ui/text-editor.tsx';

type Checked = { version: string | undefined; plan: Plan | undefined; findings: Finding[] };
type Warning = NonNullable<Problem['errors']>[number] & { message?: string };
type PutAnswer = { version: string; changed: boolean; plan: Plan; warnings: Warning[] };

/** Asks the server what it thinks of the text, shortly after the last key: the same check as at the upload. */
export function useLint(project: string, text: string) {
  const settled = useSettled(text);
  const query = useQuery({
    queryKey: ['lint', project, settled],
    queryFn: () => check(project, settled),
    enabled: settled.trim() !== '',
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  return { ...query, settling: settled !== text || query.isFetching };
}

async function check(project: string, text: string): Promise<Checked> {
  try {
    const answer = await put(project, text, { dryRun: true });
    const findings = answer.warnings.map((warning) => ({
      ...warning,
      detail: detailOf(warning),
      severity: 'warning' as const,
    }));
    return { version: answer.version, plan: answer.plan, findings };
  } catch (error) {
    const errors = error instanceof ApiError ? error.problem?.errors : undefined;
    if (errors === undefined) throw error;
    return {
      version: undefined,
      plan: undefined,
      findings: errors.map((one) => ({ ...one, severity: 'error' as const })),
    };
  }
}

/** A warning of an upload says `message` where a problem says `detail`. */
function detailOf(warning: Warning): string {
  return warning.message ?? warning.detail;
}

/** The shipyard in use; undefined before the first. */
export async function readShipyard(project: string): Promise<Shipyard | undefined> {
  return orNothing(request<Shipyard>({ path: pathOf`/v1/projects/${project}/shipyard` }));
}

/** What is there, or undefined where there is nothing. */
export async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (failure) {
    if (failure instanceof ApiError && failure.status === 404) return undefined;
    throw failure;
  }
}

/** Uploads the text in place of version `replaces`, and reads again what it changes on the page. */
export async function applyShipyard(
  queries: QueryClient,
  project: string,
  text: string,
  replaces: string | undefined,
): Promise<PutAnswer> {
  const answer = await put(project, text, { dryRun: false, replaces });
  await Promise.all([
    queries.invalidateQueries({ queryKey: ['shipyard', project] }),
    queries.invalidateQueries({ queryKey: ['shipyards', project] }),
    queries.invalidateQueries({ queryKey: projectsQuery.queryKey }),
  ]);
  return answer;
}

function put(
  project: string,
  text: string,
  { dryRun, replaces }: { dryRun: boolean; replaces?: string | undefined },
): Promise<PutAnswer> {
  return request<PutAnswer>({
    method: 'PUT',
    path: pathOf`/v1/projects/${project}/shipyard`,
    query: dryRun ? { dryRun: 'true' } : undefined,
    ifMatch: replaces,
    body: { type: 'application/yaml', text },
  });
}
