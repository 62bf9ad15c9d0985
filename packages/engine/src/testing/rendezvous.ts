/**
 * Several ranks in one process, for tests, whose collective operations meet in memory.
 *
 * An operation runs once every rank has called it. Ranks that call different operations, or the same one with arrays of
 * different lengths, are refused, where MPI would wait for ever.
 */
import type { Collective } from "../distributed/collective.ts";

interface Arrival {
  readonly operation: string;
  readonly values: Float32Array;
  readonly resolve: (gathered: Float32Array) => void;
  readonly reject: (reason: Error) => void;
}

/** Makes the collectives of `size` ranks, by rank. */
export function createRendezvous(size: number): Collective[] {
  const queues: Arrival[][] = Array.from({ length: size }, () => []);
  const meet = (rank: number, operation: string, values: Float32Array): Promise<Float32Array> =>
    new Promise((resolve, reject) => {
      queues[rank]!.push({ operation: `${operation} of ${values.length}`, values, resolve, reject });
      if (queues.some((queue) => queue.length === 0)) return;
      const arrivals = queues.map((queue) => queue.shift()!);
      const operations = arrivals.map((arrival) => arrival.operation);
      const gathered = Float32Array.from(arrivals.flatMap((arrival) => [...arrival.values]));
      for (const arrival of arrivals)
        if (new Set(operations).size === 1) arrival.resolve(gathered);
        else arrival.reject(new Error(`the ranks do not meet: ${operations.join(", ")}`));
    });
  return queues.map((_, rank) => ({
    rank,
    size,
    allReduce: async (given, { transfer = false } = {}) => {
      const values = transfer ? structuredClone(given, { transfer: [given.buffer] }) : given;
      const gathered = await meet(rank, "allReduce", values);
      values.fill(0);
      for (const [i, value] of gathered.entries()) values[i % values.length]! += value;
      return values;
    },
    allGather: async (values) => (await meet(rank, "allGather", values)).slice(),
    broadcast: async (values, root) => {
      const gathered = await meet(rank, `broadcast from ${root}`, values);
      values.set(gathered.subarray(root * values.length, (root + 1) * values.length));
    },
    barrier: async () => void (await meet(rank, "barrier", new Float32Array(0))),
    close: async () => {},
  }));
}
