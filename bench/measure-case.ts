// From a case to its result: prepare, time, close, and read how much memory the process came to hold at most.
// The peak is the process's own (getrusage), so that one process should measure one case only.
import type { BenchCase, BenchResult } from "./case.ts";
import { type MeasureOptions, measure } from "./measure.ts";

/** Measures a case in this process. */
export async function measureCase(subject: BenchCase, options: MeasureOptions = {}): Promise<BenchResult> {
  const prepared = await subject.prepare();
  try {
    const timing = await measure(prepared, options);
    const peakMb = subject.outOfProcess ? null : Math.round(process.resourceUsage().maxRSS / 1024);
    return { name: subject.name, ...timing, gflop: subject.gflop, peakMb, peer: null, ratio: null };
  } finally {
    await prepared.close?.();
  }
}
