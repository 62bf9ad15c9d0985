// The weights of a small network, stored as model.safetensors with a config.json. They are held to the parameters that the
// network declares, so that a file of another network is refused by name and not by the first product that fails.

import { checkWeights, type InputTypes, type Model, trace, WeightsError } from "@proteoscope/engine";
import { type NdArray, readSafetensors, toFloat32 } from "@proteoscope/formats";
import { type FileSource, readParsed } from "./file-source.ts";
import type { StateDict } from "./network-definition.ts";

const path = "model.safetensors";

/**
 * Loads the weights of a network in float32. `earlierNames` maps names that earlier versions wrote to the current ones.
 * @throws WeightsError or FormatError, naming the file.
 */
export async function loadCheckedWeights(
  folder: FileSource,
  model: Model,
  inputTypes: InputTypes,
  earlierNames: Readonly<Record<string, string>> = {},
): Promise<StateDict> {
  const { tensors } = await readParsed(folder, path, readSafetensors);
  const weights = new Map(
    [...tensors].map(([name, value]): [string, NdArray] => [
      earlierNames[name] ?? name,
      { dtype: "float32", shape: value.shape, data: toFloat32(value) },
    ]),
  );
  try {
    checkWeights(trace(model, inputTypes), weights);
  } catch (cause) {
    if (!(cause instanceof WeightsError)) throw cause;
    throw new WeightsError(`${folder.name}/${path}: ${cause.message}`, { cause });
  }
  return weights;
}
