// Progress of long work, reported to a callback that the caller gives.
// A command line makes a line of each event, a server sends it.

/** How far a phase of work has come. */
export interface ProgressEvent {
  /** What is being done: "generate", "real crops". A new phase begins where this changes. */
  readonly phase: string;
  /** Number of units that are done. */
  readonly done: number;
  readonly total: number;
  /** Plural noun of the unit: "steps", "proteins". */
  readonly unit: string;
  /** The current item, such as the name of a protein. */
  readonly note?: string | undefined;
}

/** Receives the events in their order. */
export type OnProgress = (event: ProgressEvent) => void;

/** Options of long work: a signal that aborts it, and a callback for its progress. */
export interface WorkOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
}
