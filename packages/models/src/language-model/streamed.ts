// A protein language model one layer at a time: the weights of a layer are read, compiled, run on every batch and released. The memory is that
// of one layer and of the representations of the batches, so that ESM2 of 3 billion parameters (12 GB in float32) takes
// about 1 GB, and ESMC of 6 billion (25 GB) about 2 GB; the disk is read once for all batches together.

import {
  compile,
  f32,
  type InputTypes,
  i64,
  type Model,
  type NdArrays,
  type Runtime,
  type Tensor,
  type Tensors,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { type NdArray, toFloat32 } from "@proteoscope/formats";
import { type ConfigFormat, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { checkNetwork } from "../checkpoints/declared-parameters.ts";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { type InputRules, type NamedArrays, readInputs } from "../checkpoints/input-rules.ts";
import { findConfig } from "../checkpoints/model-folder.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { isRecognized, ownTensors } from "../checkpoints/recognize.ts";
import { hasPart } from "../checkpoints/state-dict-shapes.ts";
import { openStoredTensors, type StoredTensor, sketchOf } from "../checkpoints/stored-tensors.ts";
import { esm2Definition, isTied, tokenTables } from "../esm2/definition.ts";
import { canonicalEsm2Names } from "../esm2/names.ts";
import { esm2Embeddings, esm2Layer, esm2Norm, languageModelHead } from "../esm2/network.ts";
import { esmcDefinition, splitArray } from "../esmc/definition.ts";
import { canonicalEsmcNames } from "../esmc/names.ts";
import { esmcEmbeddings, esmcHead, esmcLayer, esmcNorm } from "../esmc/network.ts";
import { isEsmc, type LanguageModelConfig, type LanguageModelInputs } from "./language-model.ts";

/** A protein language model whose weights are still on disk. */
export interface StreamedLanguageModel {
  readonly architecture: "esm2" | "esmc";
  readonly config: LanguageModelConfig;
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
 * Opens a checkpoint of ESM2 or ESMC in any layout; of safetensors nothing but headers is read.
 * @throws as `loadPretrained` does, and CheckpointError for another network.
 */
export async function openStreamedLanguageModel(
  folder: FileSource,
  {
    file,
    onNotice = () => {},
  }: { readonly file?: string; readonly onNotice?: (notice: string) => void } = {},
): Promise<StreamedLanguageModel> {
  const stored = await openStoredTensors(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const json = await findConfig(folder, stored);
  const sketch = await sketchAll(stored.tensors, json === undefined);
  const isTheirs = (definition: NetworkDefinition): boolean =>
    json === undefined ? isRecognized(definition, sketch) : definition.recognizesConfig(json);
  const named = isTheirs(esmcDefinition)
    ? canonicalEsmcNames(stored.tensors, splitStored, place)
    : canonicalEsm2Names(stored.tensors, { isTied: isTied(sketch, json) });
  const open = async <Config extends LanguageModelConfig>(
    definition: NetworkDefinition<"esm2" | "esmc", Config>,
  ): Promise<StreamedLanguageModel> => {
    const tensors = ownTensors(definition, named, place, onNotice);
    const weights = await sketchAll(tensors, false);
    const fields: Json = json ?? definition.inferConfig(weights, sketch, place);
    const config = parseConfig<Config>(definition.format as ConfigFormat<Config>, fields, place);
    checkNetwork(definition, { config, weights }, place);
    return {
      architecture: definition.name,
      config,
      tensors,
      hasLanguageModelHead: hasPart(weights, "lm_head."),
    };
  };
  if (isTheirs(esmcDefinition)) return open(esmcDefinition);
  if (json === undefined || isTheirs(esm2Definition)) return open(esm2Definition);
  throw new CheckpointError(`${place}: only ESM2 and ESMC run layer by layer`);
}

/** Parts of a tensor along its rows, each of which reads the tensor when it is read. */
function splitStored(
  { dtype, shape: [rows = 0, ...rest], read }: StoredTensor,
  parts: number,
): StoredTensor[] {
  return Array.from({ length: parts }, (_, part) => ({
    ...{ dtype, shape: [rows / parts, ...rest] },
    read: async () => splitArray(await read(), parts)[part]!,
  }));
}

/** The networks between the layers, for a configuration. */
function stagesOf(config: LanguageModelConfig) {
  type Layer = { readonly index: number; readonly x: Tensor; readonly mask: Tensor };
  return isEsmc(config)
    ? {
        rules: esmcDefinition.inputs(config) satisfies InputRules,
        embed: (w: Weights, inputs: LanguageModelInputs) => esmcEmbeddings(w, config, inputs),
        layer: (w: Weights, layer: Layer) => esmcLayer(w, config, layer).x,
        norm: (w: Weights, x: Tensor) => esmcNorm(w, x),
        logits: (w: Weights, x: Tensor) => esmcHead(w, config, x),
      }
    : {
        rules: esm2Definition.inputs(config) satisfies InputRules,
        embed: (w: Weights, inputs: LanguageModelInputs) => esm2Embeddings(w, config, inputs),
        layer: (w: Weights, layer: Layer) => esm2Layer(w, config, layer).x,
        norm: (w: Weights, x: Tensor) => esm2Norm(w, config, x),
        logits: (w: Weights, x: Tensor) => languageModelHead(w, config, x),
      };
}

/**
 * The outputs of `runPretrained` per batch: last_hidden_state, and logits where there is the head.
 * @throws TensorError for inputs that the network cannot take.
 */
export async function runStreamedLanguageModel(
  runtime: Runtime,
  model: StreamedLanguageModel,
  batches: readonly NamedArrays[],
  { signal, onLayer }: StreamOptions = {},
): Promise<Map<string, NdArray>[]> {
  const { config, tensors, hasLanguageModelHead } = model;
  const { rules, embed: embedTokens, layer: applyLayer, norm, logits } = stagesOf(config);
  const inputs = batches.map((batch) => Object.fromEntries(readInputs(rules, batch)));
  const stage: RunStage = (network, types, feeds) =>
    runStage(runtime, tensors, { network, types, feeds, ...(signal && { signal }) });
  const ids = i64("batch", "tokens");
  const hidden = { x: f32("batch", "tokens", config.hiddenSize), mask: f32("batch", "tokens") };
  let states: NdArrays[] = [];
  // Batches with a mask and without one are two programs.
  for (const { input_ids, attention_mask } of inputs) {
    const types = attention_mask === undefined ? { input_ids: ids } : { input_ids: ids, attention_mask: ids };
    const embed: Model<InputTypes, Tensors> = (w, given) => {
      const { x, mask } = embedTokens(w, {
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
      y: applyLayer(w, { index, x: x!, mask: mask! }),
    });
    states = replace(await stage(layer, hidden, states));
    onLayer?.(index + 1, config.numHiddenLayers);
  }
  const finish: Model<InputTypes, Tensors> = (w, { x }) => {
    const representation = norm(w, x!);
    return {
      last_hidden_state: representation,
      ...(hasLanguageModelHead && { logits: logits(w, representation) }),
    };
  };
  const rows = states.map(({ x }) => ({ x: x! }));
  const outputs = await stage(finish, { x: hidden.x }, rows);
  return outputs.map((output) => new Map(Object.entries(output) as [string, NdArray][]));
}

interface Stage {
  readonly network: Model<InputTypes, Tensors>;
  readonly types: InputTypes;
  readonly feeds: readonly NdArrays[];
  readonly signal?: AbortSignal;
}

type RunStage = (
  network: Stage["network"],
  types: Stage["types"],
  feeds: Stage["feeds"],
) => Promise<NdArrays[]>;

/** Reads the weights of a part of the network, runs it on all feeds, and releases it. */
async function runStage(
  runtime: Runtime,
  tensors: ReadonlyMap<string, StoredTensor>,
  { network, types, feeds, signal }: Stage,
): Promise<NdArrays[]> {
  const weights = await readWeightsOf(trace(network, types).parameters.keys(), tensors);
  const program = await compile(runtime, network, types, { weights });
  try {
    const outputs: NdArrays[] = [];
    for (const feed of feeds) outputs.push(await program.run(feed, signal === undefined ? {} : { signal }));
    return outputs;
  } finally {
    await program.close();
  }
}

/** Names, types and shapes without values, but for the values of the tables of tokens where they are wanted. */
async function sketchAll(
  tensors: ReadonlyMap<string, StoredTensor>,
  withTables: boolean,
): Promise<StateDict> {
  const sketch = new Map<string, NdArray>();
  for (const [name, tensor] of tensors)
    sketch.set(name, withTables && tokenTables.test(name) ? await tensor.read() : sketchOf(tensor));
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
