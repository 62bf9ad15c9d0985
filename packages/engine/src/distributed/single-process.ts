/**
 * The collective operations of a process that trains alone: nothing is exchanged, and only `allGather` copies values,
 * since its result is the caller's own.
 */
import type { Collective } from "./collective.ts";

/** The collective of a process that trains alone; sums and broadcasts leave the values as they are. */
export const singleProcess: Collective = {
  rank: 0,
  size: 1,
  allReduce: async (values) => values,
  allGather: async (values) => values.slice(),
  broadcast: async () => {},
  barrier: async () => {},
  close: async () => {},
};
