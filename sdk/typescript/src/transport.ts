/** One way to be a task service. All three mean the same; the worker between them and the handlers knows none of them. */
export interface Transport {
  /** Begins to take attempts. Resolves when it is connected, rejects when that can never be. */
  start(): Promise<void>;
  /** Takes no more; resolves when nothing more can arrive. What runs may still answer. */
  leave(): Promise<void>;
  /** Whether every answer was delivered within so many ms. */
  flush(withinMs: number): Promise<boolean>;
  close(): Promise<void>;
  counts(): TransportCounts;
}

export interface TransportCounts {
  /** Answers that are not delivered yet. */
  waiting: number;
  /** Events the control plane has taken from us. */
  sent: number;
  /** Deliveries that were tried again. */
  retries: number;
  /** Answers to attempts that were over. */
  over: number;
  /** Answers the control plane refused for good. */
  refused: number;
}
