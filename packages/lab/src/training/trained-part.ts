// Trains a part of a network and leaves the rest as it is: what a sequence enters a denoiser by on a denoiser that is
// trained already, or the decoder of an autoencoder alone. The engine trains the parameters whose names begin with a
// prefix; here a predicate of the names chooses them, by giving them a longer name within the trainer.

import type { NdArray, Weights } from "@proteoscope/engine";

type StateDict = ReadonlyMap<string, NdArray>;

/** Prefix of the chosen parameters within the trainer. */
export const trainedPrefix = "trained.";

export interface TrainedPart {
  /** The trainer's weights as the network reads them. */
  scope(w: Weights): Weights;
  /** Values by the network's names -> values by the trainer's names. */
  rename(weights: StateDict): Map<string, NdArray>;
  /** What the trainer has trained, by the network's names, with the initial values of everything else. */
  complete(trained: StateDict): StateDict;
}

/** Chooses parameters of a network with these initial values; without a predicate, none is renamed. */
export function trainPart(
  isChosen: ((name: string) => boolean) | undefined,
  initial: StateDict,
): TrainedPart {
  if (isChosen === undefined)
    return { scope: (w) => w, rename: (weights) => new Map(weights), complete: (trained) => trained };
  const renamed = (name: string) => (isChosen(name) ? `${trainedPrefix}${name}` : name);
  return {
    scope: (w) => renameWeights(w, renamed),
    rename: (weights) => new Map([...weights].map(([name, value]) => [renamed(name), value])),
    complete: (trained) =>
      new Map([...initial].map(([name, value]) => [name, trained.get(renamed(name)) ?? value])),
  };
}

/** The same weights under other names. Buffers have the same names: they are stored with the network, but not trained. */
function renameWeights(root: Weights, nameOf: (name: string) => string, path = ""): Weights {
  return {
    at: (...names) => renameWeights(root, nameOf, `${path}${names.join(".")}.`),
    parameter: (name, shape, initializer) => root.parameter(nameOf(path + name), shape, initializer),
    buffer: (name, shape, initializer) => root.buffer(path + name, shape, initializer),
    update: (name, value) => root.update(path + name, value),
  };
}
