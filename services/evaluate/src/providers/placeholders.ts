/** What a query may refer to. */
export interface QueryContext {
  readonly project: string;
  readonly stage: string;
  readonly service: string;
  readonly deployment: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Keys of `filter` in slo.yaml, replaced as `$key` and `$KEY`. */
  readonly filters: Readonly<Record<string, string>>;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Fills in `$PROJECT`, `$LABEL.build`, `$DURATION_SECONDS` and the rest, longer names first. Values come from events, so
 * quotes and backslashes in them are escaped: they stand inside the strings of a query and must not end them.
 */
export function fillIn(query: string, context: QueryContext): string {
  const known: Record<string, string> = {
    PROJECT: context.project,
    STAGE: context.stage,
    SERVICE: context.service,
    DEPLOYMENT: context.deployment,
    DURATION_SECONDS: `${Math.ceil((context.endMs - context.startMs) / 1000)}s`,
    START: String(context.startMs / 1000),
    END: String(context.endMs / 1000),
  };
  for (const [key, value] of Object.entries(context.filters)) {
    const plain = value.replaceAll(/^["']|["']$/g, '');
    known[key] = plain;
    known[key.toUpperCase()] = plain;
  }
  for (const [key, value] of Object.entries(context.labels)) known[`LABEL.${key}`] = value;
  const names = Object.keys(known).sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`\\$(${names.map(escapePattern).join('|')})`, 'g');
  return query.replaceAll(pattern, (_, name: string) => escapeValue(known[name] ?? ''));
}

const escapePattern = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const escapeValue = (text: string): string => text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\r\n]+/g, ' ');
