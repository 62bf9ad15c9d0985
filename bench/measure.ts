// Times one benchmark: warm-up runs that are thrown away, then rounds until there are enough and enough time has passed.
// A round is one run of ours and one of the peer's, so that whatever slows the machine down meets both. The median is
// reported with the minimum: other work on the machine only ever makes a run slower.

export interface Timing {
  readonly ms: number;
  readonly min: number;
  readonly n: number;
}

/** What is timed: our run by the clock of this process, the peer's by its own. */
export interface Contestants {
  run(): Promise<void>;
  /** Milliseconds of one run. */
  peer?: (() => Promise<number>) | undefined;
}

export interface MeasureOptions {
  readonly warmUpRuns?: number;
  readonly leastRuns?: number;
  /** Rounds are added until this much time was spent on our runs. */
  readonly leastTotalMs?: number;
  /** Called after each round with the number of rounds done. */
  readonly onRound?: (rounds: number) => void;
  readonly nowMs?: () => number;
}

export const measureDefaults = { warmUpRuns: 1, leastRuns: 5, leastTotalMs: 1000 };

/** Median and minimum of one run in milliseconds, of ours and of the peer's. */
export async function measure(
  { run, peer }: Contestants,
  options: MeasureOptions = {},
): Promise<{ ours: Timing; peer: Timing | null }> {
  const { warmUpRuns, leastRuns, leastTotalMs } = { ...measureDefaults, ...options };
  const { onRound, nowMs = () => performance.now() } = options;
  for (let i = 0; i < warmUpRuns; i += 1) {
    await run();
    await peer?.();
  }
  const times: number[] = [];
  const peerTimes: number[] = [];
  let totalMs = 0;
  while (times.length < leastRuns || totalMs < leastTotalMs) {
    const startMs = nowMs();
    await run();
    const elapsedMs = nowMs() - startMs;
    times.push(elapsedMs);
    totalMs += elapsedMs;
    if (peer !== undefined) peerTimes.push(await peer());
    onRound?.(times.length);
  }
  return { ours: timingOf(times), peer: peer === undefined ? null : timingOf(peerTimes) };
}

function timingOf(times: readonly number[]): Timing {
  return { ms: median(times), min: Math.min(...times), n: times.length };
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
