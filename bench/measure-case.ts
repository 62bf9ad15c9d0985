// From a case to its result: prepare, time in turns with the peer, close, and read how much memory the process came to
// hold at most. That peak is the process's own (getrusage), so that one process should measure one case only.
import { type OpenOptions, openRuntime } from "@proteoscope/engine/node";
import type { BenchCase, BenchResult } from "./case.ts";
import { type MeasureOptions, measure, measureDefaults } from "./measure.ts";
import { openPeer } from "./peer.ts";

export interface CaseOptions extends MeasureOptions, OpenOptions {}

/** Measures a case in this process. */
export async function measureCase(subject: BenchCase, options: CaseOptions = {}): Promise<BenchResult> {
  const { name, once, warmUpRuns = measureDefaults.warmUpRuns } = subject;
  const runtime = await openRuntime(options);
  try {
    const prepared = await subject.prepare(runtime);
    const rival = subject.peer && (await openPeer(subject.peer, options));
    try {
      const runs =
        once === undefined
          ? { warmUpRuns, ...options }
          : { ...options, warmUpRuns: 0, leastRuns: 1, leastTotalMs: 0 };
      const { ours, peer } = await measure({ run: () => prepared.run(), peer: rival?.run }, runs);
      const peakMb = prepared.peakMb?.() ?? process.resourceUsage().maxRSS / 1024;
      return {
        ...{ name, ...ours, gflop: prepared.gflop, peakMb: Math.round(peakMb) },
        peer: peer && { name: rival!.name, version: rival!.version, ms: peer.ms },
        ratio: peer && peer.ms / ours.ms,
      };
    } finally {
      await rival?.close();
      await prepared.close?.();
    }
  } finally {
    await runtime.close();
  }
}
