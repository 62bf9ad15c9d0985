// What a benchmark is: a name, the work of one run, and the same work in another product where there is one.
// Each case runs in a process of its own, so that its peak memory is its own too.
import type { Runtime } from "@proteoscope/engine";

export interface Prepared {
  /** Floating-point operations of one run, in units of 10^9; null where counting them says nothing. */
  readonly gflop: number | null;
  /** One timed run. */
  run(): Promise<void>;
  /** The most memory a run took, where it happens in processes that the run starts. */
  peakMb?(): number;
  close?(): Promise<void>;
}

/** Which script of `peers/` does the same work, and the arguments of that script. */
export interface PeerWork {
  readonly script: "block" | "esm2" | "released" | "unet" | "vae";
  readonly work: readonly (string | number)[];
}

export interface BenchCase {
  /** Fixed, so that results of different days can be compared: `area.thing.size`. */
  readonly name: string;
  /** What one run does, in one line. */
  readonly title: string;
  readonly peer?: PeerWork;
  /** Images or proteins that one run makes; 1 when absent. */
  readonly items?: number;
  /** Runs that are thrown away first, where the usual one does not do: memory grows, or code is being compiled. */
  readonly warmUpRuns?: number;
  /** One run and no warm-up: for work of minutes that is measured for its memory. */
  readonly once?: true;
  /** Everything that is not timed. */
  prepare(runtime: Runtime): Promise<Prepared>;
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
  /** The same work in another product, its runs and ours taking turns. */
  readonly peer: { readonly name: string; readonly version: string; readonly ms: number } | null;
  /** The peer's time over ours: above 1 we are faster. */
  readonly ratio: number | null;
}
