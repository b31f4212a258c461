/** What the runtime is given of the world outside, beside the store, the bus and the clock. */
export type PlaneLog = {
  info(details: Record<string, unknown>, message: string): void;
  warn(details: Record<string, unknown>, message: string): void;
  error(details: Record<string, unknown>, message: string): void;
};

/** Delivers events to sinks over HTTP. */
export type PostEvent = {
  /** Why a sink is refused before anything is sent there; undefined when it is not. */
  refuses(sink: string): string | undefined;
  send(request: { sink: string; json: string; mode: 'binary' | 'structured'; timeoutMs: number }): Promise<{
    status: number;
    /** A CloudEvent in the answer, when there was one. */
    body: { headers: Record<string, string>; text: string } | undefined;
  }>;
};
