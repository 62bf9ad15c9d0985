// Published checkpoints, in the layouts people have them: a Hugging Face ESM folder, a part of a diffusers folder, a
// single safetensors file, fair-esm's .pt, a checkpoint of cytoself, the .ckpt of the original's training. config.json says
// which network it is, else the configuration in the file's metadata, else the names and shapes of the tensors.
//
//   const model = await loadPretrained(openFolder("checkpoints/esm2_t6_8M"));   // or webFolder("https://...")
//   if (model.architecture === "esm2") compile(runtime, (w, x) => esm2(w, model.config, x), types, { weights: model.weights });

import { type NdArray, toFloat32 } from "@proteoscope/formats";
import { type Json, parseConfig } from "../checkpoints/config-json.ts";
import { checkNetwork } from "../checkpoints/declared-parameters.ts";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { findConfig } from "../checkpoints/model-folder.ts";
import type { NetworkDefinition, NetworkOf, StateDict } from "../checkpoints/network-definition.ts";
import { ownTensors, recognizeConfig, recognizeNames } from "../checkpoints/recognize.ts";
import { readWeights, type StoredWeights } from "../checkpoints/state-dict.ts";
import { choosePart, splitTrainingModule, type TrainedPart } from "../checkpoints/training-module.ts";
import { type Architecture, architectureTitles, networksOr, type RegisteredNetwork } from "../registry.ts";

/** How a checkpoint is loaded. */
export interface LoadOptions<D extends NetworkDefinition = RegisteredNetwork> {
  /** The file of weights, where the folder has several or an unusual name. */
  readonly file?: string;
  /** The network to load from a checkpoint of training that has several; its main one when absent. */
  readonly part?: D["name"];
  /** Receives one sentence per part of the checkpoint that is left out, such as the head of another task. */
  readonly onNotice?: (notice: string) => void;
  /** The networks that can be loaded; those of the registry when absent. */
  readonly networks?: readonly D[];
}

/**
 * Loads a network and holds its weights to it; f16, bf16 and f64 become f32.
 *
 * @throws CheckpointError when there is nothing that can be loaded; WeightsError when the tensors do not fit;
 * FormatError when a file is damaged.
 */
export async function loadPretrained<D extends NetworkDefinition = RegisteredNetwork>(
  folder: FileSource,
  options: LoadOptions<D> = {},
): Promise<NetworkOf<D>> {
  if (options.file === undefined && (await folder.exists("model_index.json")))
    throw new CheckpointError(
      `${folder.name} is a pipeline of several networks: name the folder of one, such as ${folder.name}/unet`,
    );
  const checkpoint = await openCheckpoint(folder, options);
  const { parts, networks, place } = checkpoint;
  if (parts === undefined) return loadNetwork(checkpoint);
  return loadPart(choosePart(networks, parts, options.part, place), checkpoint);
}

/** Loads all networks that a checkpoint holds, the main one first. @throws as `loadPretrained` does. */
export async function loadParts<D extends NetworkDefinition = RegisteredNetwork>(
  folder: FileSource,
  options: Omit<LoadOptions<D>, "part"> = {},
): Promise<readonly NetworkOf<D>[]> {
  const checkpoint = await openCheckpoint(folder, options);
  return checkpoint.parts?.map((part) => loadPart(part, checkpoint)) ?? [await loadNetwork(checkpoint)];
}

/** Loads a network that must be of one architecture. @throws as `loadPretrained` does. */
export async function loadAs<A extends Architecture>(
  architecture: A,
  folder: FileSource,
  options: Omit<LoadOptions, "part" | "networks"> = {},
): Promise<NetworkOf<Extract<RegisteredNetwork, { readonly name: A }>>> {
  const model = await loadPretrained(folder, { ...options, part: architecture });
  if (model.architecture !== architecture)
    throw new CheckpointError(
      `${folder.name}: is ${architectureTitles[model.architecture]}, wanted is ${architectureTitles[architecture]}`,
    );
  return model as NetworkOf<Extract<RegisteredNetwork, { readonly name: A }>>;
}

interface Checkpoint<D extends NetworkDefinition> {
  readonly folder: FileSource;
  readonly stored: StoredWeights;
  readonly config: Json | undefined;
  /** The networks of a checkpoint of training; a configuration of the weights says that they are one network. */
  readonly parts: readonly TrainedPart<D>[] | undefined;
  readonly networks: readonly D[];
  readonly place: string;
  readonly onNotice: (notice: string) => void;
}

async function openCheckpoint<D extends NetworkDefinition>(
  folder: FileSource,
  { file, onNotice = () => {}, networks: given }: LoadOptions<D>,
): Promise<Checkpoint<D>> {
  const networks = networksOr(given);
  const stored = await readWeights(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const config = await findConfig(folder, stored);
  const parts =
    config === undefined
      ? splitTrainingModule(networks, stored.tensors, stored.hyperParameters, place)
      : undefined;
  return { folder, stored, config, parts, networks, place, onNotice };
}

async function loadNetwork<D extends NetworkDefinition>(checkpoint: Checkpoint<D>): Promise<NetworkOf<D>> {
  const { folder, stored, config: json, networks, place } = checkpoint;
  const definition =
    json === undefined
      ? recognizeNames(networks, stored.tensors, place)
      : recognizeConfig(networks, json, place);
  const weights = canonicalWeights(definition, stored.tensors, json, checkpoint);
  for (const { path, prefix = "" } of definition.companionFiles?.(stored.path, weights) ?? []) {
    if (!(await folder.exists(path))) continue;
    const { tensors } = await readWeights(folder, path);
    const named = new Map([...tensors].map(([name, value]) => [prefix + name, value]));
    for (const entry of canonicalWeights(definition, named, json, checkpoint)) weights.set(...entry);
  }
  const fields = json ?? definition.inferConfig(weights, stored.tensors, place);
  return assemble(definition, fields, weights, { place, configPlace: json ? `${place}, config` : place });
}

function loadPart<D extends NetworkDefinition>(
  { definition, tensors, config: stated }: TrainedPart<D>,
  checkpoint: Checkpoint<D>,
): NetworkOf<D> {
  const place = `${checkpoint.place}, ${definition.name}`;
  const weights = canonicalWeights(definition, tensors, undefined, { ...checkpoint, place });
  const fields = { ...definition.inferConfig(weights, tensors, checkpoint.place), ...stated };
  return assemble(definition, fields, weights, { place, configPlace: place });
}

function assemble<D extends NetworkDefinition>(
  definition: D,
  fields: Json,
  weights: StateDict,
  { place, configPlace }: { readonly place: string; readonly configPlace: string },
): NetworkOf<D> {
  const config = parseConfig(definition.format, fields, configPlace);
  checkNetwork(definition, { config, weights }, place);
  return { architecture: definition.name, config, weights } as unknown as NetworkOf<D>;
}

/** The network's stored tensors, as float32 under canonical names. */
function canonicalWeights<D extends NetworkDefinition>(
  definition: D,
  tensors: StateDict,
  config: Json | undefined,
  { place, onNotice }: Pick<Checkpoint<D>, "place" | "onNotice">,
): Map<string, NdArray> {
  const named = definition.canonicalNames?.(tensors, config, place) ?? tensors;
  const own = ownTensors(definition, named, place, onNotice);
  return new Map([...own].map(([name, value]) => [name, asFloat32(value)]));
}

function asFloat32(array: NdArray): NdArray {
  const isFloat = /float(16|32|64)$/.test(array.dtype);
  return isFloat ? { dtype: "float32", shape: array.shape, data: toFloat32(array) } : array;
}
