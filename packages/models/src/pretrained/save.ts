// Checkpoints for others to read: the files that Hugging Face's and diffusers' from_pretrained expect, and a single
// safetensors file that carries its configuration. Bytes by path are returned; writing them is the caller's.

import { float32ToFloat16, type NdArray, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { formatConfig, type Json } from "../checkpoints/config-json.ts";
import { checkNetwork } from "../checkpoints/declared-parameters.ts";
import { CheckpointError, type Files } from "../checkpoints/file-source.ts";
import type { NetworkDefinition, NetworkOf } from "../checkpoints/network-definition.ts";
import { definitionOf, type RegisteredNetwork } from "../registry.ts";

/** How a network is saved. */
export interface SaveOptions<D extends NetworkDefinition = RegisteredNetwork> {
  /** float32 when absent; float16 halves the size. */
  readonly dtype?: "float32" | "float16";
  /** The networks that can be saved; those of the registry when absent. */
  readonly networks?: readonly D[];
}

/**
 * The files of a network as its library names them: config.json and the weights.
 * @throws WeightsError when the weights do not fit; CheckpointError for a value that float16 cannot hold.
 */
export function savePretrained<D extends NetworkDefinition = RegisteredNetwork>(
  model: NetworkOf<D>,
  options: SaveOptions<D> = {},
): Files {
  const { saved = {} } = definitionOf<D>(model, options.networks);
  const { config, tensors } = encode(model, options);
  return new Map([
    ["config.json", jsonBytes(config, saved.floatFields)],
    [saved.weightsFile ?? "model.safetensors", writeSafetensors(tensors, { format: "pt" })],
  ]);
}

/** One safetensors file with the configuration in its metadata. @throws as `savePretrained` does. */
export function saveSingleFile<D extends NetworkDefinition = RegisteredNetwork>(
  model: NetworkOf<D>,
  options: SaveOptions<D> = {},
): Uint8Array {
  const { config, tensors } = encode(model, options);
  return writeSafetensors(tensors, { format: "pt", config: JSON.stringify(config) });
}

function encode<D extends NetworkDefinition>(
  model: NetworkOf<D>,
  { dtype = "float32", networks }: SaveOptions<D>,
): { readonly config: Json; readonly tensors: (readonly [string, NdArray])[] } {
  const definition = definitionOf<D>(model, networks);
  checkNetwork(definition, model, "the model to be saved");
  const weights = [...model.weights].map(([name, value]): [string, NdArray] => [
    name,
    dtype === "float32" ? value : asFloat16(name, value),
  ]);
  return {
    config: { ...definition.saved?.fields?.(model), ...formatConfig(definition.format, model.config) },
    tensors: [...weights, ...(definition.saved?.tensors?.(model.weights) ?? [])],
  };
}

function asFloat16(name: string, value: NdArray): NdArray {
  const numbers = toFloat32(value);
  const largest = numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  if (largest >= 65520)
    throw new CheckpointError(`${name} has the value ${largest}, float16 ends at 65504: save it as float32`);
  return { dtype: "float16", shape: value.shape, data: float32ToFloat16(numbers) };
}

/** JSON as a file; whole numbers of `floatFields` get a decimal point, because in Python's JSON 0 is no float. */
export function jsonBytes(value: Json, floatFields: readonly string[] = []): Uint8Array {
  const wholeFloats = new RegExp(`"(${floatFields.join("|")})": \\d+(?=,?\\n)`, "g");
  const text = JSON.stringify(value, null, 2);
  return new TextEncoder().encode(`${floatFields.length === 0 ? text : text.replace(wholeFloats, "$&.0")}\n`);
}
