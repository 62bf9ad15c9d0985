// What a benchmark is: a name, the work of one run, and what that work amounts to.
// Each case runs in a process of its own, so that its peak memory is its own too.

export interface Prepared {
  /** One timed run. */
  run(): Promise<void>;
  close?(): Promise<void>;
}

export interface BenchCase {
  /** Fixed, so that results of different days can be compared: `area.thing.size`. */
  readonly name: string;
  /** Floating-point operations of one run, in units of 10^9; null where counting them says nothing. */
  readonly gflop: number | null;
  /** True if the work happens in processes that a run starts: then this process's memory is not the case's. */
  readonly outOfProcess?: boolean;
  /** Everything that is not timed. */
  prepare(): Promise<Prepared>;
}

/** A measured case, as it stands in the JSON. */
export interface BenchResult {
  readonly name: string;
  /** Median of one run. */
  readonly ms: number;
  readonly min: number;
  /** Timed runs. */
  readonly n: number;
  readonly gflop: number | null;
  readonly peakMb: number | null;
  /** The same work in another product, timed in the same session. */
  readonly peer: { readonly name: string; readonly version: string; readonly ms: number } | null;
  /** The peer's time over ours: above 1 we are faster. */
  readonly ratio: number | null;
}
