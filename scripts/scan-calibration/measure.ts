// Figures of a calibration: whether p-values are uniform (Kolmogorov-Smirnov), how often anything passes the correction where
// nothing should, and where a known signal ranks among the windows of a scan.

import type { PlantedSignal } from "@proteoscope/lab";
import {
  type ScanRequest,
  type ScanResult,
  type ScanWindow,
  type SequencePredictor,
  scan,
} from "@proteoscope/microscope/experiments";

/** Distance of a sample from the uniform distribution, with its asymptotic p (Stephens 1970, doi:10.1111/j.2517-6161.1970.tb00821.x). */
export function kolmogorovSmirnov(values: readonly number[]): {
  readonly distance: number;
  readonly p: number;
} {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  const distance = Math.max(
    ...sorted.map((value, index) => Math.max((index + 1) / count - value, value - index / count)),
  );
  const root = Math.sqrt(count);
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  let p = 0;
  for (let k = 1; k <= 100; k++) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * (k * lambda) ** 2);
  return { distance, p: Math.min(1, Math.max(0, p)) };
}

/** A fraction with its interval of 95 % (Wilson 1927). */
export function fraction(hits: number, count: number): { value: number; low: number; high: number } {
  const [z, p] = [1.96, hits / count];
  const centre = (p + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half = (z * Math.sqrt((p * (1 - p)) / count + z ** 2 / (4 * count ** 2))) / (1 + z ** 2 / count);
  return { value: p, low: Math.max(0, centre - half), high: centre + half };
}

/** Where a signal stands among the peaks of a scan. */
export interface SignalRank {
  /** 1 for the largest peak; null where no peak holds half of the signal. */
  readonly rank: number | null;
  /** The window with the largest effect that holds half of the signal. */
  readonly window: ScanWindow;
}

/**
 * The rank of a signal among the peaks: windows by effect, those that overlap a larger one left out. A peak is the signal's
 * where it holds at least half of the signal, or lies by half in it.
 */
export function rankSignal({ windows }: ScanResult, first: number, last: number): SignalRank {
  const sorted = [...windows].sort((a, b) => b.effect - a.effect);
  const peaks: ScanWindow[] = [];
  for (const window of sorted)
    if (!peaks.some((peak) => overlap(peak, window.first, window.last) > 0)) peaks.push(window);
  const holds = (window: ScanWindow) =>
    overlap(window, first, last) >= 0.5 * Math.min(last - first + 1, window.last - window.first + 1);
  const rank = peaks.findIndex(holds);
  return { rank: rank < 0 ? null : rank + 1, window: sorted.find(holds)! };
}

function overlap(window: ScanWindow, first: number, last: number): number {
  return Math.max(0, Math.min(window.last, last) - Math.max(window.first, first) + 1);
}

/**
 * The planted signal without which the mixture, as the rule has it for what signals are left, changes most; undefined where
 * that moves less than half of the protein.
 */
export function decidingSignal(
  signals: readonly PlantedSignal[],
  mixtureOf: (signals: readonly PlantedSignal[]) => Readonly<Record<string, number>>,
): PlantedSignal | undefined {
  const whole = mixtureOf(signals);
  const moved = signals.map((signal) => {
    const without = mixtureOf(signals.filter((other) => other !== signal));
    return (
      Object.entries(whole).reduce((sum, [name, share]) => sum + Math.abs(share - without[name]!), 0) / 2
    );
  });
  const most = Math.max(0, ...moved);
  return most < 0.5 ? undefined : signals[moved.indexOf(most)];
}

/** The result of a scan of the prediction. */
export async function scanOne(predictor: SequencePredictor, request: ScanRequest): Promise<ScanResult> {
  let result: ScanResult | undefined;
  for await (const step of scan({ predictor }, request)) if ("result" in step) result = step.result;
  return result!;
}
