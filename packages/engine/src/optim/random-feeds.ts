/**
 * The random numbers of a training step, which the host draws and feeds, so that every device gets the same ones.
 */
import { createGenerator } from "../random/generator.ts";
import { bindShape, elementCount } from "../shape.ts";
import { float32, type NdArray, type Tensor } from "../tensor.ts";
import type { TrainingGraphs } from "./training-graph.ts";

/** The key of a micro-batch's random numbers, beside the input's name and size. */
export interface RandomKey {
  readonly seed: number;
  /** Number of optimiser steps before this one. */
  readonly step: number;
  /** Index of the micro-batch among those of the step on all ranks, rank 0's first. */
  readonly microBatch: number;
}

/** Draws the random inputs of a micro-batch; a resumed run, or one on another number of ranks, draws the same. */
export function randomFeeds(
  {
    random,
    main,
  }: Pick<TrainingGraphs, "random"> & { readonly main: Pick<TrainingGraphs["main"], "inputs"> },
  batch: Readonly<Record<string, NdArray>>,
  { seed, step, microBatch }: RandomKey,
): Record<string, NdArray> {
  const sizes = openSizes(main.inputs, batch);
  const feeds = [...random].map(([name, { tensor, distribution }]) => {
    const shape = bindShape(tensor.shape, sizes, `random input ${name}`);
    const values = createGenerator(seed, "training", name, step, microBatch)[distribution](
      elementCount(shape),
    );
    return [`random.${name}`, float32(shape, values)] as const;
  });
  return Object.fromEntries(feeds);
}

/** Finds the sizes of open dimensions in this batch, by their names. */
function openSizes(
  inputs: ReadonlyMap<string, Tensor>,
  batch: Readonly<Record<string, NdArray>>,
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, { shape }] of inputs) {
    for (const [axis, dim] of shape.entries()) {
      const size = batch[name]?.shape[axis];
      if (typeof dim === "string" && size !== undefined) sizes.set(dim, size);
    }
  }
  return sizes;
}
