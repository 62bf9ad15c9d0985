// The initial weights of a run: random values, or those of an earlier run's `model` folder (`train.start_from`). Networks
// that a folder does not hold, such as a discriminator, which is never shipped, get random values.

import { float32, initializeWeights, type NdArray, type ParameterDeclaration } from "@proteoscope/engine";
import { readSafetensors, toFloat32 } from "@proteoscope/formats";
import { type FileSource, readParsed } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { ConfigError } from "../config/compose.ts";
import type { LoopConfig } from "./config.ts";

type StateDict = ReadonlyMap<string, NdArray>;

/**
 * Values of all declared parameters; `read` gives those of the folder under the names that the trainer uses.
 * @throws ConfigError where the folder holds another network.
 */
export async function startingWeights(
  declared: ReadonlyMap<string, ParameterDeclaration>,
  { seed, startFrom }: LoopConfig,
  read: (folder: FileSource) => Promise<StateDict>,
): Promise<Map<string, NdArray>> {
  const weights = initializeWeights(declared, seed);
  if (startFrom === undefined) return weights;
  const earlier = await read(openFolder(startFrom));
  for (const [name, value] of earlier) {
    const shape = weights.get(name)?.shape;
    if (String(shape) !== String(value.shape))
      throw new ConfigError(
        `train.start_from: ${startFrom} has ${name} [${value.shape}], ${shape === undefined ? "which this network has not" : `this network [${shape}]`}: give the model section of its run`,
      );
    weights.set(name, value);
  }
  return weights;
}

/** The tensors of a network of ours, as float32. */
export async function readTensors(folder: FileSource): Promise<StateDict> {
  const { tensors } = await readParsed(folder, "model.safetensors", readSafetensors);
  return new Map([...tensors].map(([name, value]) => [name, float32(value.shape, toFloat32(value))]));
}
