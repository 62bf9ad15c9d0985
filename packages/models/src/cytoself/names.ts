/**
 * Translates between the names of a stored cytoself and those that the network declares: PyTorch counts the batches that a
 * batch normalisation has seen, on which no output depends, and training wrappers put `model.` before names.
 */
import type { NdArray } from "@proteoscope/formats";
import type { StateDict } from "../checkpoints/network-definition.ts";

const counter = "num_batches_tracked";

/** A stored state dict without counters and the wrapper's prefix. */
export function canonicalCytoselfNames(tensors: StateDict): Map<string, NdArray> {
  const named = [...tensors].filter(([name]) => !name.endsWith(`.${counter}`));
  return new Map(named.map(([name, value]) => [name.replace(/^model\./, ""), value]));
}

/** The counters that PyTorch stores with the statistics of a batch normalisation; they are zero, as nothing counts them here. */
export function batchCounters(weights: StateDict): [string, NdArray][] {
  const statistics = [...weights.keys()].filter((name) => name.endsWith(".running_var"));
  return statistics.map((name) => [
    name.replace(/running_var$/, counter),
    { dtype: "int64", shape: [], data: BigInt64Array.of(0n) },
  ]);
}
