// ESM2 one layer at a time: the weights of a layer are read, compiled, run on every batch and released. The memory is that
// of one layer and of the representations of the batches, so that the model of 3 billion parameters (12 GB in float32)
// takes about 1 GB; the disk is read once for all batches together.

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
import { parseConfig } from "../checkpoints/config-json.ts";
import { checkNetwork } from "../checkpoints/declared-parameters.ts";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { type NamedArrays, readInputs } from "../checkpoints/input-rules.ts";
import { findConfig } from "../checkpoints/model-folder.ts";
import type { StateDict } from "../checkpoints/network-definition.ts";
import { ownTensors } from "../checkpoints/recognize.ts";
import { hasPart } from "../checkpoints/state-dict-shapes.ts";
import { openStoredTensors, type StoredTensor } from "../checkpoints/stored-tensors.ts";
import { esm2Definition, esm2Heads, isTied, tokenTables } from "./definition.ts";
import { canonicalEsm2Names } from "./names.ts";
import { type Esm2Config, esm2Embeddings, esm2Layer, esm2Norm, languageModelHead } from "./network.ts";

/** An ESM2 whose weights are still on disk. */
export interface StreamedEsm2 {
  readonly config: Esm2Config;
  readonly hasLanguageModelHead: boolean;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** How a streamed run is stopped and watched. */
export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of finished layers. */
  readonly onLayer?: (done: number, total: number) => void;
}

/**
 * Opens a checkpoint of ESM2 in any layout; of safetensors nothing but headers is read.
 * @throws as `loadPretrained` does, and CheckpointError for another network.
 */
export async function openStreamedEsm2(
  folder: FileSource,
  {
    file,
    onNotice = () => {},
  }: { readonly file?: string; readonly onNotice?: (notice: string) => void } = {},
): Promise<StreamedEsm2> {
  const stored = await openStoredTensors(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const json = await findConfig(folder, stored);
  if (json !== undefined && !esm2Definition.recognizesConfig(json))
    throw new CheckpointError(`${place}: only ESM2 runs layer by layer`);
  const sketch = await sketchOf(stored.tensors, json === undefined);
  const named = canonicalEsm2Names(stored.tensors, { isTied: isTied(sketch, json) });
  const tensors = ownTensors(esm2Definition, named, place, onNotice);
  const weights = await sketchOf(tensors, false);
  const fields = json ?? esm2Definition.inferConfig(weights, sketch, place);
  const config = parseConfig(esm2Definition.format, fields, place);
  checkNetwork(esm2Definition, { config, weights }, place);
  return { config, tensors, hasLanguageModelHead: hasPart(weights, esm2Heads.languageModel) };
}

/**
 * The outputs of `runPretrained` per batch: last_hidden_state, and logits where there is the head.
 * @throws TensorError for inputs that the network cannot take.
 */
export async function runStreamedEsm2(
  runtime: Runtime,
  model: StreamedEsm2,
  batches: readonly NamedArrays[],
  { signal, onLayer }: StreamOptions = {},
): Promise<Map<string, NdArray>[]> {
  const { config, tensors, hasLanguageModelHead } = model;
  const rules = esm2Definition.inputs(config);
  const inputs = batches.map((batch) => Object.fromEntries(readInputs(rules, batch)));
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

/** Names and shapes without values, but for the values of the tables of tokens where they are wanted. */
async function sketchOf(tensors: ReadonlyMap<string, StoredTensor>, withTables: boolean): Promise<StateDict> {
  const sketch = new Map<string, NdArray>();
  for (const [name, tensor] of tensors) {
    const none: NdArray = { dtype: "float32", shape: tensor.shape, data: new Float32Array(0) };
    sketch.set(name, withTables && tokenTables.test(name) ? await tensor.read() : none);
  }
  return sketch;
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
