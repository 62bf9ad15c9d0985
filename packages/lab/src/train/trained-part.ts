// Which part of a denoiser is trained. What the sequence enters by - cross-attention, the condition of the time step, the
// layers of what is told beside the sequence - can be trained alone, on a denoiser that draws already, or left out of an
// unconditional pre-training. Parameters that are not trained become constants of the graph.

import type { NdArray, Weights } from "@proteoscope/engine";

export const trainedParts = ["all", "only_cross_attention", "all_but_cross_attention"] as const;
export type TrainedPart = (typeof trainedParts)[number];

type StateDict = ReadonlyMap<string, NdArray>;

export interface PartialTraining {
  /** Of the names of what is trained, in the trainer. */
  readonly prefix: string;
  /** The network's weights, by whose names the trainer tells what is trained. */
  scope(w: Weights): Weights;
  /** Values under the trainer's names. */
  rename(weights: StateDict): Map<string, NdArray>;
  /** What the trainer has, under the network's names, with what is not trained. */
  complete(trained: StateDict): StateDict;
}

/** Whether the sequence enters a denoiser by this parameter. */
export function isCrossAttention(name: string): boolean {
  return /\.transformer_blocks\.\d+\.(attn2|norm2)\.|^time_embedding\.cond_proj\.|^extra\./.test(name);
}

const prefix = "trained.";

/** Trains a part of a network that begins with `start`, by its own names. */
export function trainPart(part: TrainedPart, start: StateDict): PartialTraining {
  if (part === "all") {
    return {
      ...{ prefix: "", scope: (w) => w },
      ...{ rename: (weights) => new Map(weights), complete: (trained) => trained },
    };
  }
  const isTrained = (name: string) => isCrossAttention(name) === (part === "only_cross_attention");
  const renamed = (name: string) => (isTrained(name) ? `${prefix}${name}` : name);
  return {
    prefix,
    scope: (w) => rename(w, renamed),
    rename: (weights) => new Map([...weights].map(([name, value]) => [renamed(name), value])),
    complete: (trained) =>
      new Map([...start].map(([name, value]) => [name, trained.get(`${prefix}${name}`) ?? value])),
  };
}

/** The same weights, asked for by other names; a denoiser has no buffers. */
function rename(root: Weights, nameOf: (name: string) => string, path = ""): Weights {
  return {
    at: (...names) => rename(root, nameOf, `${path}${names.join(".")}.`),
    parameter: (name, shape, initializer) => root.parameter(nameOf(path + name), shape, initializer),
    buffer: (name, shape, initializer) => root.buffer(path + name, shape, initializer),
    update: (name, value) => root.update(path + name, value),
  };
}
