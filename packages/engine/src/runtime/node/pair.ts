/**
 * Two runtimes side by side for work that falls into two halves, each alone on half of the threads.
 *
 * Two threads that meet after every kernel wait for each other, and wake each other, thousands of times a second; two
 * halves that meet at their end do not.
 */
import type { Runtime } from "../runtime.ts";

/** Gives the runtime a `pair`: itself on half of its threads, and a second one, opened at the first call. */
export function withPair(
  runtime: Runtime,
  threads: number,
  openSecond: (threads: number) => Runtime,
): Runtime {
  if (threads < 2) return runtime;
  const half = Math.floor(threads / 2);
  let second: Runtime | undefined;
  let pair: readonly [Runtime, Runtime] | undefined;
  const part = (whole: Runtime, share: number): Runtime => ({
    ...whole,
    load: (model, options) => whole.load(model, { ...options, threads: share }),
    ...(whole.loadCached && {
      loadCached: (key, make, options) => whole.loadCached!(key, make, { ...options, threads: share }),
    }),
    close: async () => {}, // with the pair
  });
  return {
    ...runtime,
    pair: async () => {
      second ??= openSecond(half);
      pair ??= [part(runtime, threads - half), part(second, half)];
      return pair;
    },
    close: async () => {
      await Promise.all([runtime.close(), second?.close()]);
    },
  };
}
