// Times one benchmark: warm-up runs that are thrown away, then runs until there are enough and enough time has passed.
// The median is reported, with the minimum beside it: other work on the machine only ever makes a run slower.
import type { Prepared } from "./case.ts";

export interface Timing {
  readonly ms: number;
  readonly min: number;
  readonly n: number;
}

export interface MeasureOptions {
  readonly warmUpRuns?: number;
  readonly leastRuns?: number;
  /** Runs are added until this much time was spent on them. */
  readonly leastTotalMs?: number;
  readonly nowMs?: () => number;
}

/** Runs the prepared work and returns the median and the minimum of one run, in milliseconds. */
export async function measure({ run }: Pick<Prepared, "run">, options: MeasureOptions = {}): Promise<Timing> {
  const { warmUpRuns = 1, leastRuns = 5, leastTotalMs = 1000, nowMs = () => performance.now() } = options;
  for (let i = 0; i < warmUpRuns; i += 1) await run();
  const times: number[] = [];
  let totalMs = 0;
  while (times.length < leastRuns || totalMs < leastTotalMs) {
    const startMs = nowMs();
    await run();
    const elapsedMs = nowMs() - startMs;
    times.push(elapsedMs);
    totalMs += elapsedMs;
  }
  return { ms: median(times), min: Math.min(...times), n: times.length };
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
