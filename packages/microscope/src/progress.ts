// How long work says how far it is: a callback that the caller gives, and draws as it likes. A command line makes a line of
// it, a server an event.

export interface ProgressEvent {
  /** What is being done: "generate", "real crops". A new phase begins where this changes. */
  readonly phase: string;
  /** How much is done by now, in units. */
  readonly done: number;
  readonly total: number;
  /** Plural noun of what is counted: "steps", "proteins". */
  readonly unit: string;
  /** What is in hand: the name of a protein. */
  readonly note?: string | undefined;
}

export type OnProgress = (event: ProgressEvent) => void;

/** What stops long work, and who is told how far it is. */
export interface WorkOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
}
