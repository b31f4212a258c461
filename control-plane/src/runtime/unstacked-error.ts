/**
 * An error that says what was expected to happen now and then, such as a refusal. Where it was thrown is nobody's question, and
 * finding that out costs more than all the rest of refusing.
 */
export class UnstackedError extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
