// The parameters of a network of our own, which is stored as plain model.safetensors beside a config.json: held to what
// the network declares, so that a file of another network is refused by name and not by the first product that fails.

import { checkWeights, type InputTypes, type Model, trace, WeightsError } from "@proteoscope/engine";
import { type NdArray, readSafetensors, toFloat32 } from "@proteoscope/formats";
import type { StateDict } from "./architectures.ts";
import { type FileSource, readParsed } from "./file-source.ts";

const path = "model.safetensors";

/**
 * Parameters in float32, as many as the network declares. `earlierNames` gives today's names of parameters by those that
 * earlier versions wrote.
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
