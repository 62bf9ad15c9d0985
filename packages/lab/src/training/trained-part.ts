// Which part of a network is trained. What the sequence enters a denoiser by - cross-attention, the condition of the time
// step, the layers of what is told beside the sequence - can be trained alone, on a denoiser that draws already, or left
// out of an unconditional pre-training; an autoencoder's decoder can be trained alone, which leaves its latents as a
// denoiser has learned them. Parameters that are not trained become constants of the graph.

import type { NdArray, Weights } from "@proteoscope/engine";

export const denoiserParts = ["all", "only_cross_attention", "all_but_cross_attention"] as const;
export const autoencoderParts = ["all", "decoder"] as const;
export type TrainedPart = (typeof denoiserParts | typeof autoencoderParts)[number];

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

/** Whether a parameter, by its name in the trainer of autoencoders, is used from the latents on. */
export function isOfDecoder(name: string): boolean {
  return /^vae\.(decoder|post_quant_conv)\./.test(name);
}

const isTrainedIn: Readonly<Record<Exclude<TrainedPart, "all">, (name: string) => boolean>> = {
  only_cross_attention: isCrossAttention,
  all_but_cross_attention: (name) => !isCrossAttention(name),
  decoder: isOfDecoder,
};

const prefix = "trained.";

/** Trains a part of a network that begins with `start`, by its own names. */
export function trainPart(part: TrainedPart, start: StateDict): PartialTraining {
  if (part === "all") {
    return {
      ...{ prefix: "", scope: (w) => w },
      ...{ rename: (weights) => new Map(weights), complete: (trained) => trained },
    };
  }
  const isTrained = isTrainedIn[part];
  const renamed = (name: string) => (isTrained(name) ? `${prefix}${name}` : name);
  return {
    prefix,
    scope: (w) => rename(w, renamed),
    rename: (weights) => new Map([...weights].map(([name, value]) => [renamed(name), value])),
    complete: (trained) =>
      new Map([...start].map(([name, value]) => [name, trained.get(`${prefix}${name}`) ?? value])),
  };
}

/** The same weights, asked for by other names; no part has buffers. */
function rename(root: Weights, nameOf: (name: string) => string, path = ""): Weights {
  return {
    at: (...names) => rename(root, nameOf, `${path}${names.join(".")}.`),
    parameter: (name, shape, initializer) => root.parameter(nameOf(path + name), shape, initializer),
    buffer: (name, shape, initializer) => root.buffer(path + name, shape, initializer),
    update: (name, value) => root.update(path + name, value),
  };
}
