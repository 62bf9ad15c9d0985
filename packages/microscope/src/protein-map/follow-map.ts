// A map that takes minutes, for callers that ask again and again: the first question starts it,
// and each answer says how far it is.

import type { ProgressEvent } from "../progress.ts";
import type { ProteinMap } from "./map.ts";

/** How far a map is. Plain JSON. */
export interface ProteinMapState {
  /** null where it is finished, or has not begun to count. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** null until it is finished. */
  readonly map: ProteinMap | null;
}

/** Makes the function that is asked. A failure is thrown to who asks next, and the question after it starts anew. */
export function followMap(
  make: (onProgress: (event: ProgressEvent) => void) => Promise<ProteinMap>,
): () => ProteinMapState {
  let state: ProteinMapState = { progress: null, map: null };
  let isRunning = false;
  let failure: { readonly error: unknown } | undefined;
  const start = async (): Promise<void> => {
    isRunning = true;
    try {
      const onProgress = ({ done, total }: ProgressEvent): void => {
        state = { progress: { done, total }, map: null };
      };
      state = { progress: null, map: await make(onProgress) };
    } catch (error) {
      failure = { error };
      state = { progress: null, map: null };
    } finally {
      isRunning = false;
    }
  };
  return () => {
    const failed = failure;
    failure = undefined;
    if (failed !== undefined) throw failed.error;
    if (state.map === null && !isRunning) void start();
    return state;
  };
}
