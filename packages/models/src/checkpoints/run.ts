// Any loaded network on named tensors, with the argument and output names of the library it comes from, so that
// anyone can hold our numbers to theirs.
//
//   unet          sample, timestep, encoder_hidden_states, [encoder_attention_mask], [timestep_cond] -> sample
//   autoencoder   sample -> mean, logvar; latent -> sample
//   ESM2          input_ids, [attention_mask] -> last_hidden_state, logits (where it has the head)
//   cytoself      x -> decoder0, and of each level encoder1, vqvec1, vqind1, vqindhist1, perplexity1, [fc1], ...
//   clip, triplet sequence_embed, [sequence_mask] -> seq_embeds; latent -> image_embeds; clip, of both: logits_per_image
//   cytoclass     sequence_embed, [sequence_mask] -> seq_embeds

import {
  compile,
  f32,
  i64,
  type Runtime,
  type Tensor,
  type TensorType,
  type Weights,
} from "@proteoscope/engine";
import { elementCount, type NdArray, toFloat32 } from "@proteoscope/formats";
import { decode, encode } from "../autoencoder-kl/network.ts";
import { projectionRules, runProjections } from "../contrastive/checkpoint.ts";
import { type CytoselfLevel, cytoself } from "../cytoself/network.ts";
import { esm2, languageModelHead } from "../esm2/network.ts";
import { crossAttentionKeyValues, unet } from "../unet/network.ts";
import { esm2Heads, hasPart, type Pretrained } from "./architectures.ts";

/** A tensor that a network cannot take: `tensor` names it. */
export class TensorError extends Error {
  override readonly name = "TensorError";

  constructor(
    readonly tensor: string,
    fault: string,
  ) {
    super(`tensor "${tensor}" ${fault}`);
  }
}

export interface InputRule {
  /** Sizes that are numbers must be met; a name stands for one size in all tensors of a call. */
  readonly shape: readonly (number | string)[];
  readonly kind: "float" | "integer";
  /** Integers must lie in [0, below). */
  readonly below?: number;
  readonly optional?: boolean;
}

export type InputRules = Readonly<Record<string, InputRule>>;
export type NamedArrays = ReadonlyMap<string, NdArray>;

/**
 * Runs a network once; numbers of any dtype are converted. Outputs are float32, indices of codes int64.
 *
 * @throws TensorError when a tensor is missing, unknown, or of another shape or kind.
 */
export async function runPretrained(
  runtime: Runtime,
  model: Pretrained,
  inputs: NamedArrays,
): Promise<Map<string, NdArray>> {
  const arrays = networkInputs(model, inputs);
  const types = Object.fromEntries(
    [...arrays].map(([name, { dtype, shape }]): [string, TensorType] => [
      name,
      dtype === "int64" ? i64(...shape) : f32(...shape),
    ]),
  );
  const program = await compile(
    runtime,
    (w, tensors: Readonly<Record<string, Tensor>>) => renameOutputs(applyNetwork(w, model, tensors)),
    types,
    { weights: model.weights },
  );
  try {
    const outputs = await program.run(Object.fromEntries(arrays));
    return new Map(
      Object.entries(outputs).map(([name, value]) => [name.slice(outputPrefix.length), value as NdArray]),
    );
  } finally {
    await program.close();
  }
}

/** The inputs as a network takes them. @throws TensorError for one that it cannot take. */
export function networkInputs(model: Pretrained, inputs: NamedArrays): Map<string, NdArray> {
  return readInputs(inputRules(model, inputs), inputs);
}

/** Within a graph an input and an output cannot both be called "sample". */
const outputPrefix = "out.";

function renameOutputs(outputs: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [outputPrefix + name, tensor]));
}

function inputRules(model: Pretrained, inputs: NamedArrays): InputRules {
  switch (model.architecture) {
    case "esm2":
      return {
        input_ids: { shape: ["batch", "tokens"], kind: "integer", below: model.config.vocabSize },
        attention_mask: { shape: ["batch", "tokens"], kind: "integer", below: 2, optional: true },
      };
    case "unet": {
      const { inChannels, crossAttentionDim, timeCondProjDim } = model.config;
      const given = inputs.get("timestep")?.shape;
      const timestep = given?.length === 0 ? [] : given?.length === 1 && given[0] === 1 ? [1] : ["batch"];
      const rules: InputRules = {
        sample: { shape: ["batch", inChannels, "height", "width"], kind: "float" },
        timestep: { shape: timestep, kind: "float" },
        encoder_hidden_states: { shape: ["batch", "residues", crossAttentionDim], kind: "float" },
        encoder_attention_mask: { shape: ["batch", "residues"], kind: "float", optional: true },
      };
      if (timeCondProjDim === null) return rules;
      return {
        ...rules,
        timestep_cond: { shape: ["batch", timeCondProjDim], kind: "float", optional: true },
      };
    }
    case "autoencoder": {
      const { inChannels, latentChannels } = model.config;
      const isLatentAlone = inputs.has("latent");
      return {
        sample: { shape: ["batch", inChannels, "height", "width"], kind: "float", optional: isLatentAlone },
        latent: { shape: ["latents", latentChannels, "rows", "columns"], kind: "float", optional: true },
      };
    }
    case "cytoself":
      return { x: { shape: ["batch", ...model.config.inputShape], kind: "float" } };
    case "clip":
    case "triplet":
    case "cytoclass":
      return projectionRules(model, inputs);
  }
}

function readInputs(rules: InputRules, inputs: NamedArrays): Map<string, NdArray> {
  const known = Object.entries(rules).map(([name, { optional }]) => (optional ? `[${name}]` : name));
  for (const name of inputs.keys())
    if (!Object.hasOwn(rules, name))
      throw new TensorError(name, `is unknown; this network takes ${known.join(", ")}`);
  const sizes = new Map<string, { size: number; tensor: string }>();
  const arrays = new Map<string, NdArray>();
  for (const [name, rule] of Object.entries(rules)) {
    const array = inputs.get(name);
    if (array !== undefined) {
      checkShape(name, rule.shape, array.shape, sizes);
      arrays.set(name, rule.kind === "integer" ? asInt64(name, array, rule.below) : asFloat32(array));
    } else if (!rule.optional)
      throw new TensorError(name, `is missing; this network takes ${known.join(", ")}`);
  }
  return arrays;
}

function checkShape(
  name: string,
  wanted: readonly (number | string)[],
  shape: readonly number[],
  sizes: Map<string, { size: number; tensor: string }>,
): void {
  const is = `has the shape [${shape.join(", ")}]`;
  if (shape.length !== wanted.length) throw new TensorError(name, `${is}, [${wanted.join(", ")}] is needed`);
  if (elementCount(shape) === 0) throw new TensorError(name, `${is}, so it is empty`);
  for (const [axis, dim] of wanted.entries()) {
    const size = shape[axis]!;
    const known = typeof dim === "number" ? undefined : sizes.get(dim);
    if (typeof dim === "number" ? size !== dim : known !== undefined && known.size !== size) {
      const reason =
        known === undefined
          ? `[${wanted.join(", ")}] is needed`
          : `"${known.tensor}" has ${known.size} for ${dim}`;
      throw new TensorError(name, `${is}: ${reason}`);
    }
    if (typeof dim === "string" && known === undefined) sizes.set(dim, { size, tensor: name });
  }
}

/** A scalar becomes a vector of one: every input of a network has an axis. */
function asFloat32(array: NdArray): NdArray {
  return { dtype: "float32", shape: array.shape.length === 0 ? [1] : array.shape, data: toFloat32(array) };
}

function asInt64(name: string, { dtype, shape, data }: NdArray, below = Infinity): NdArray {
  if (dtype.includes("float")) throw new TensorError(name, `is ${dtype}, an integer type is needed`);
  const values = BigInt64Array.from(data as Iterable<number | bigint>, BigInt);
  const wrong = values.findIndex((value) => value < 0n || value >= below);
  if (wrong >= 0)
    throw new TensorError(name, `has the value ${values[wrong]} at ${wrong}, outside 0 to ${below - 1}`);
  return { dtype: "int64", shape, data: values };
}

/** A network's outputs by name, for inputs by name. */
export function applyNetwork(
  w: Weights,
  model: Pretrained,
  inputs: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  switch (model.architecture) {
    case "esm2": {
      const { config, weights } = model;
      const inputIds = inputs.input_ids!;
      const { representations } = esm2(w, config, { inputIds, attentionMask: inputs.attention_mask });
      const representation = representations.at(-1)!;
      const outputs: Record<string, Tensor> = { last_hidden_state: representation };
      if (hasPart(weights, esm2Heads.languageModel))
        outputs.logits = languageModelHead(w, config, representation);
      return outputs;
    }
    case "unet": {
      const { config } = model;
      const keyValues = crossAttentionKeyValues(w, config, inputs.encoder_hidden_states!);
      const options = {
        ...(inputs.encoder_attention_mask && { mask: inputs.encoder_attention_mask }),
        ...(inputs.timestep_cond && { timestepCond: inputs.timestep_cond }),
      };
      return {
        sample: unet(w, config, {
          sample: inputs.sample!,
          timestep: inputs.timestep!,
          keyValues,
          ...options,
        }),
      };
    }
    case "autoencoder": {
      const { config } = model;
      return {
        ...(inputs.sample && encode(w, config, inputs.sample)),
        ...(inputs.latent && { sample: decode(w, config, inputs.latent) }),
      };
    }
    case "cytoself": {
      const { reconstruction, levels } = cytoself(w, model.config, inputs.x!, { training: false });
      return Object.assign({ decoder0: reconstruction }, ...levels.map(nameLevel));
    }
    case "clip":
    case "triplet":
    case "cytoclass":
      return runProjections(w, model, inputs);
  }
}

/** By the names of the original's `output_layer`; `fc1` is its first classifier's answer. */
function nameLevel(level: CytoselfLevel, index: number): Record<string, Tensor> {
  const { encoded, vectors, indices, histogram, perplexity, logits } = level;
  const number = index + 1;
  return {
    [`encoder${number}`]: encoded,
    [`vqvec${number}`]: vectors,
    [`vqind${number}`]: indices,
    [`vqindhist${number}`]: histogram,
    [`perplexity${number}`]: perplexity,
    ...(logits && { [`fc${number}`]: logits }),
  };
}
