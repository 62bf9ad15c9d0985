/**
 * The interface of a group of processes that train together, apart from how they are connected: MPI's collective
 * operations (MPI 4.1, chapter 6) on float32 values.
 */

/**
 * The collective operations of one process, a rank of the group.
 *
 * Every rank calls the same operations in the same order, with arrays of equal length. Several calls may be under way (a
 * long vector in buckets, each a `subarray` of it); they run in the order in which they were made. An array belongs to
 * the operation until its promise settles. A call rejects with an Error where a rank is gone.
 */
export interface Collective {
  /** This process's number, from 0 to `size` - 1. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /**
   * Replaces the values [n] on every rank by their sum over the ranks, which is bit for bit the same on all. Where `transfer`
   * says that the whole buffer of the values is not used again, the sum takes its memory, and nothing is copied. Resolves with
   * the sum.
   */
  allReduce(values: Float32Array, options?: { readonly transfer?: boolean }): Promise<Float32Array>;
  /** Gives the values [n] of every rank, one rank after the other: [size * n]. */
  allGather(values: Float32Array): Promise<Float32Array>;
  /** Replaces the values [n] on every rank by those of rank `root`. */
  broadcast(values: Float32Array, root: number): Promise<void>;
  /** Resolves when every rank has called it. */
  barrier(): Promise<void>;
  /** Leaves the group; no operation may be under way. */
  close(): Promise<void>;
}
