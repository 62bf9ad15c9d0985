// ESM2 one layer at a time: the weights of a layer are read, become a small program, see every batch, and go. The
// memory is that of one layer and of the representations of the batches, so that the model of three thousand million
// parameters (12 GB in float32) takes about one; the disk is read once for all batches together.

import {
  compile,
  f32,
  type InputTypes,
  i64,
  type Model,
  type NdArrays,
  type Runtime,
  type Tensors,
  trace,
} from "@proteoscope/engine";
import { type NdArray, toFloat32 } from "@proteoscope/formats";
import {
  checkPretrained,
  esm2Heads,
  hasPart,
  type Pretrained,
  type StateDict,
} from "../checkpoints/architectures.ts";
import { parseConfig } from "../checkpoints/config-json.ts";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { inferConfig } from "../checkpoints/infer-config.ts";
import { findConfig, type LoadOptions, recognizeConfig } from "../checkpoints/load.ts";
import { esm2Format } from "../checkpoints/model-configs.ts";
import { type NamedArrays, networkInputs } from "../checkpoints/run.ts";
import { openStoredTensors, type StoredTensor } from "../checkpoints/stored-tensors.ts";
import { canonicalEsm2Names } from "./names.ts";
import { type Esm2Config, esm2Embeddings, esm2Layer, esm2Norm, languageModelHead } from "./network.ts";

export interface StreamedEsm2 {
  readonly config: Esm2Config;
  readonly hasLanguageModelHead: boolean;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of layers that are done. */
  readonly onLayer?: (done: number, total: number) => void;
}

/**
 * Opens a checkpoint of ESM2 in any layout; of safetensors nothing but headers is read.
 * @throws as `loadPretrained` does, and CheckpointError for another network.
 */
export async function openStreamedEsm2(
  folder: FileSource,
  { file }: Omit<LoadOptions, "part"> = {},
): Promise<StreamedEsm2> {
  const stored = await openStoredTensors(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const json = await findConfig(folder, stored);
  const tensors = canonicalEsm2Names(stored.tensors);
  const shapes = shapesOf(tensors);
  if (json !== undefined && recognizeConfig(json, place) !== "esm2")
    throw new CheckpointError(`${place}: only ESM2 runs layer by layer`);
  const found = json ?? inferConfig("esm2", shapes, shapesOf(stored.tensors), place);
  const config = parseConfig(esm2Format, found, place);
  checkPretrained({ architecture: "esm2", config, weights: shapes }, place);
  return { config, tensors, hasLanguageModelHead: hasPart(shapes, esm2Heads.languageModel) };
}

/**
 * The outputs of `runPretrained`, batch by batch: last_hidden_state, and logits where there is the head.
 * @throws TensorError for inputs that the network cannot take.
 */
export async function runStreamedEsm2(
  runtime: Runtime,
  model: StreamedEsm2,
  batches: readonly NamedArrays[],
  { signal, onLayer }: StreamOptions = {},
): Promise<Map<string, NdArray>[]> {
  const { config, tensors, hasLanguageModelHead } = model;
  const checked: Pretrained = { architecture: "esm2", config, weights: new Map() };
  const inputs = batches.map((batch) => Object.fromEntries(networkInputs(checked, batch)));
  const stage = async (
    network: Model<InputTypes, Tensors>,
    types: InputTypes,
    feeds: readonly NdArrays[],
  ) => {
    const weights = await readWeightsOf(trace(network, types).parameters.keys(), tensors);
    const program = await compile(runtime, network, types, { weights });
    try {
      const outputs: NdArrays[] = [];
      for (const feed of feeds) outputs.push(await program.run(feed, signal === undefined ? {} : { signal }));
      return outputs;
    } finally {
      await program.close();
    }
  };
  const ids = i64("batch", "tokens");
  const hidden = { x: f32("batch", "tokens", config.hiddenSize), mask: f32("batch", "tokens") };
  let states: NdArrays[] = [];
  // Batches with a mask and without one are two programs.
  for (const { input_ids, attention_mask } of inputs) {
    const types = attention_mask === undefined ? { input_ids: ids } : { input_ids: ids, attention_mask: ids };
    const embed: Model<InputTypes, Tensors> = (w, given) => {
      const { x, mask } = esm2Embeddings(w, config, {
        inputIds: given.input_ids!,
        attentionMask: given.attention_mask,
      });
      return { embedded: x, tokens: mask };
    };
    const feed: NdArrays =
      attention_mask === undefined ? { input_ids: input_ids! } : { input_ids: input_ids!, attention_mask };
    const [{ embedded, tokens } = {}] = await stage(embed, types, [feed]);
    states.push({ x: embedded!, mask: tokens! });
  }
  const replace = (outputs: readonly NdArrays[]): NdArrays[] =>
    outputs.map(({ y }, index) => ({ ...states[index]!, x: y! }));
  for (let index = 0; index < config.numHiddenLayers; index += 1) {
    const layer: Model<InputTypes, Tensors> = (w, { x, mask }) => ({
      y: esm2Layer(w, config, { index, x: x!, mask: mask! }).x,
    });
    states = replace(await stage(layer, hidden, states));
    onLayer?.(index + 1, config.numHiddenLayers);
  }
  const finish: Model<InputTypes, Tensors> = (w, { x }) => {
    const representation = esm2Norm(w, config, x!);
    const logits = hasLanguageModelHead && { logits: languageModelHead(w, config, representation) };
    return { last_hidden_state: representation, ...logits };
  };
  const rows = states.map(({ x }) => ({ x: x! }));
  const outputs = await stage(finish, { x: hidden.x }, rows);
  return outputs.map((output) => new Map(Object.entries(output) as [string, NdArray][]));
}

/** Names and shapes without values: what tells a configuration, and what is held to it. */
function shapesOf(tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>): StateDict {
  const none = new Float32Array(0);
  return new Map([...tensors].map(([name, { shape }]) => [name, { dtype: "float32", shape, data: none }]));
}

async function readWeightsOf(
  names: Iterable<string>,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Map<string, NdArray>> {
  const weights = new Map<string, NdArray>();
  for (const name of names) {
    const value = await tensors.get(name)?.read();
    if (value !== undefined)
      weights.set(name, { dtype: "float32", shape: value.shape, data: toFloat32(value) });
  }
  return weights;
}
