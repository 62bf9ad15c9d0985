// Work that computes for long without waiting for anything blocks its process: an interrupt is not seen until it ends. Loops of
// such work pause.

import { setImmediate } from "node:timers/promises";

/** Lets an interrupt and other work have their turn. @throws the signal's reason when it is aborted */
export async function pause(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
