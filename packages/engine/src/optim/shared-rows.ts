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
import { type StepGraph, sharedInputs, type TrainingGraphs } from "./training-graph.ts";

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

/** The rows of the micro-batches of a step. */
export interface SharedRows {
  /** Computes this rank's rows and gathers those of all ranks; gives the inputs of each of this rank's micro-batches. */
  gather(
    batches: readonly Readonly<Record<string, NdArray>>[],
    keyOf: (micro: number) => RandomKey,
  ): Promise<(micro: number) => Record<string, NdArray>>;
  close(): Promise<void>;
}

/** Loads the graph of the rows; undefined where micro-batches share none. */
export async function openSharedRows(
  { rows }: TrainingGraphs,
  load: (graph: StepGraph, frozen: TrainingGraphs["frozen"]) => Promise<Session>,
  collective: Collective,
): Promise<SharedRows | undefined> {
  if (rows === undefined) return undefined;
  const { inputs, random } = rows;
  const session = await load(rows, rows.frozen);
  return {
    async gather(batches, keyOf) {
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
      const all = float32([data.length / width, width], data);
      const first = collective.rank * own.length;
      return (micro) => feedsOf(all, first + micro, own.length * collective.size);
    },
    close: () => session.close(),
  };
}

/** The inputs of a micro-batch that hold the rows of all, and say which are its own. */
function feedsOf(rows: NdArray, microBatch: number, micros: number): Record<string, NdArray> {
  const total = rows.shape[0]!;
  const count = total / micros;
  const own = new Float32Array(total * count);
  for (let row = 0; row < count; row++) own[(microBatch * count + row) * count + row] = 1;
  return { [sharedInputs.rows]: rows, [sharedInputs.own]: float32([total, count], own) };
}
