/**
 * The collective operations of a process that trains alone: nothing is exchanged, and no value is copied but by
 * `allGather`, whose result is the caller's own.
 */
import type { Collective } from "./collective.ts";

/** The collective of one rank: sums and broadcasts leave the values [n] as they are. */
export const singleProcess: Collective = {
  rank: 0,
  size: 1,
  allReduce: async () => {},
  allGather: async (values) => values.slice(),
  broadcast: async () => {},
  barrier: async () => {},
  close: async () => {},
};
