/**
 * Rows that all micro-batches of a step share, on one rank or on many: what a contrastive loss compares. They are computed
 * once for all micro-batches before the first of them is trained on (GradCache; Gao et al. 2021, arXiv:2101.06983).
 */
import type { Collective } from "../distributed/collective.ts";
import { sum } from "../ops/broadcast.ts";
import { add, mul, stopGradient, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import type { Session } from "../runtime/runtime.ts";
import { fixed } from "../shape.ts";
import { float32, type NdArray, type Tensor } from "../tensor.ts";
import { type RandomKey, randomFeeds } from "./random-feeds.ts";
import { sharedInputs, type TrainingGraphs } from "./training-graph.ts";

/**
 * All rows [N, width] of a step for a loss over all of them: the micro-batch's own rows [B, width], and the gathered ones as
 * constants. Gradients of the own rows are multiplied by the number of micro-batches, over which the trainer takes the
 * mean.
 */
export function joinRows(own: Tensor, gatheredRows: Tensor, ownRows: Tensor): Tensor {
  const [count, size] = [gatheredRows, own].map(({ shape }) => fixed(shape[0], "joinRows", "the rows"));
  const micros = count! / size!;
  const scaled = add(own, mul(sub(own, stopGradient(own)), micros - 1));
  const isOther = sub(1, sum(ownRows, { axes: [1], keepDims: true }));
  return add(matmul(ownRows, scaled), mul(gatheredRows, isOther));
}

/** Computes the rows of this rank's micro-batches and gathers those of all ranks, [N, width], rank 0's first. */
export async function gatherRows(
  session: Session,
  { rows }: TrainingGraphs,
  batches: readonly Readonly<Record<string, NdArray>>[],
  { keyOf, collective }: { readonly keyOf: (micro: number) => RandomKey; readonly collective: Collective },
): Promise<NdArray> {
  const { inputs, random } = rows!;
  const own: Float32Array[] = [];
  let width = 0;
  for (const [micro, batch] of batches.entries()) {
    const feeds = { ...batch, ...randomFeeds({ random, main: { inputs } }, batch, keyOf(micro)) };
    const needed = Object.entries(feeds).filter(([name]) => inputs.has(name));
    const { rows } = await session.run(Object.fromEntries(needed));
    own.push(rows!.data as Float32Array);
    width = rows!.shape[1]!;
  }
  const values = new Float32Array(own.length * own[0]!.length);
  for (const [micro, data] of own.entries()) values.set(data, micro * data.length);
  const data = collective.size === 1 ? values : await collective.allGather(values);
  return float32([data.length / width, width], data);
}

/** The inputs of a micro-batch that hold the rows of all, and say which are its own. */
export function sharedFeeds(rows: NdArray, microBatch: number, micros: number): Record<string, NdArray> {
  const total = rows.shape[0]!;
  const count = total / micros;
  const own = new Float32Array(total * count);
  for (let row = 0; row < count; row++) own[(microBatch * count + row) * count + row] = 1;
  return { [sharedInputs.rows]: rows, [sharedInputs.own]: float32([total, count], own) };
}
