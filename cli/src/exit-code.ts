/** What the shell hears. docs/protocol.md has the same list; scripts depend on it. */
export const exitCode = {
  /** Done; or the run's result is pass or warning. */
  done: 0,
  /** The run failed; or offline: the evaluation, or a case of `slo test`. */
  runFailed: 1,
  /** Bad usage, or the server refused the input. */
  refused: 2,
  /** The server could not be reached, or could not serve. */
  unreachable: 3,
  /** Timed out waiting. What was waited for goes on. */
  timedOut: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A command ends with this: the lines are for people, `problem` for `-o json`. */
export class CommandFailure extends Error {
  override name = 'CommandFailure';
  readonly exitCode: ExitCode;
  /** Each a line of its own below the message. */
  readonly details: readonly string[];
  readonly problem: unknown;

  constructor(
    message: string,
    options: { exitCode: ExitCode; details?: readonly string[]; problem?: unknown; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode;
    this.details = options.details ?? [];
    this.problem = options.problem ?? { detail: message };
  }
}

/** Wrong flags, arguments or files. */
export function badUsage(message: string, details: readonly string[] = []): CommandFailure {
  return new CommandFailure(message, { exitCode: exitCode.refused, details });
}
