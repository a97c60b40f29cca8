/** A part that runs until it is stopped. */
export interface Service {
  /** Begins; resolves when the part is ready. */
  start(): Promise<void>;
  /** Ends; resolves when nothing runs any more. Safe to call twice. */
  stop(): Promise<void>;
}
