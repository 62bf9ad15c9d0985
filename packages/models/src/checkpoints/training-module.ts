// What the original's training left behind: a checkpoint of PyTorch Lightning (.ckpt), whose state dict has every part
// of a training module under a prefix of its own. The parts that are networks are told by these prefixes, and bring the
// fields of their configuration that `hyper_parameters` names; what shapes tell, no field needs to say.
//
//   AutoencoderLM  vae.                         CytoselfLM         model.
//   ProteoscopeLM  unet. ema. autoencoder.      ProteoclipLM       image_projection. protein_projection. autoencoder.
//                  cytoself. esm_bottleneck.    ProteocytoclassLM  protein_projection. cytoself.

import type { NdArray } from "@proteoscope/formats";
import { type Architecture, architectureTitles, type StateDict } from "./architectures.ts";
import type { Json } from "./config-json.ts";
import { CheckpointError } from "./file-source.ts";
import { recognizeNames } from "./infer-config.ts";

export interface TrainedPart {
  readonly architecture: Architecture;
  /** Without their prefix. */
  readonly tensors: StateDict;
  /** The fields that the checkpoint tells of its configuration. */
  readonly config: Json;
}

interface Place {
  readonly prefix: string;
  readonly architecture: Architecture;
  /** Where its configuration lies in that of the module. */
  readonly config: readonly string[];
}

/** In the order of their importance; of two places of one network the first that is there counts. */
const places: readonly Place[] = [
  { prefix: "ema.ema_model.", architecture: "unet", config: [] }, // what the original samples with
  { prefix: "unet.", architecture: "unet", config: [] },
  { prefix: "vae.", architecture: "autoencoder", config: [] },
  { prefix: "autoencoder.", architecture: "autoencoder", config: ["autoencoder", "model"] },
  { prefix: "model.", architecture: "cytoself", config: [] },
  { prefix: "cytoself.", architecture: "cytoself", config: ["cytoself", "model"] },
];

/** Names without a prefix in the networks that end in projection heads. */
const heads = /^(esm_bottleneck|image_projection|protein_projection)\.|^logit_scale$/;

/** Losses and measures, the denoiser's other copies, and what reads a sequence before a denoiser does. */
const ofTraining = /^(loss|ssim|psnr|ema|esm|\w*criterion|\w*criteion\w*|lpips|cosine_similarity)\./;

/**
 * The networks of a training module, the main one first, or undefined where the names are those of no such module.
 * @throws CheckpointError for parts that no training module has.
 */
export function splitTrainingModule(
  tensors: StateDict,
  hyperParameters: Json,
  place: string,
): readonly TrainedPart[] | undefined {
  const names = [...tensors.keys()];
  const isModule =
    tensors.has("model.vq_layers.0.codebook.weight") ||
    tensors.has("prediction_head.weight") ||
    names.some((name) => /^(unet|ema|vae|autoencoder|cytoself)\./.test(name));
  if (!isModule) return undefined;
  const isKnown = (name: string): boolean =>
    heads.test(name) || ofTraining.test(name) || places.some(({ prefix }) => name.startsWith(prefix));
  const unknown = new Set(names.filter((name) => !isKnown(name)).map((name) => name.split(".")[0]!));
  if (unknown.size > 0)
    throw new CheckpointError(
      `${place}: ${[...unknown].join(", ")}: parts of no training module that is known; save the state dict of the network alone`,
    );
  const module = moduleConfig(hyperParameters);
  const parts = new Map<Architecture, TrainedPart>();
  for (const { prefix, architecture, config } of places) {
    const found = below(tensors, prefix);
    if (found.size > 0 && !parts.has(architecture))
      parts.set(architecture, { architecture, tensors: found, config: at(module, config) });
  }
  const projections = new Map([...tensors].filter(([name]) => heads.test(name)));
  const ending = recognizeNames(projections);
  const main = ending === undefined ? [] : [{ architecture: ending, tensors: projections, config: {} }];
  return [...main, ...parts.values()];
}

/** The part of an architecture, or the main one. @throws CheckpointError where it is not there. */
export function choosePart(
  parts: readonly TrainedPart[],
  wanted: Architecture | undefined,
  place: string,
): TrainedPart {
  const chosen = wanted === undefined ? parts[0] : parts.find(({ architecture }) => architecture === wanted);
  if (chosen !== undefined) return chosen;
  const title = wanted === undefined ? "a network that can be loaded" : architectureTitles[wanted];
  const there = parts.map(({ architecture }) => architecture).join(", ") || "none";
  throw new CheckpointError(`${place}: holds no part that is ${title}; its networks are: ${there}`);
}

function below(tensors: StateDict, prefix: string): Map<string, NdArray> {
  const inside = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(inside.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** `hyper_parameters.module_config.model`, as the original passes it to its modules, with the number of classes. */
function moduleConfig(hyperParameters: Json): Json {
  const model = at(hyperParameters, ["module_config", "model"]);
  const classes = hyperParameters.num_class;
  return classes === undefined ? model : { ...model, num_class: classes };
}

function at(json: Json, path: readonly string[]): Json {
  const found = path.reduce<unknown>((inner, key) => (isJson(inner) ? inner[key] : undefined), json);
  return isJson(found) ? found : {};
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const mostValues = 10_000;
const deepest = 32;

/**
 * The plain values of a pickle as JSON has them; tensors and other things are left out. Bounded, because a pickle can
 * hold itself, or unfold without end. @throws CheckpointError beyond the bound.
 */
export function plainValues(tree: unknown, place: string): unknown {
  let left = mostValues;
  const convert = (value: unknown, depth: number): unknown => {
    if (--left < 0 || depth > deepest)
      throw new CheckpointError(`${place}: hyper_parameters have more than ${mostValues} values, or no end`);
    if (Array.isArray(value)) return value.map((item) => convert(item, depth + 1));
    if (value instanceof Map) {
      const fields = [...value].filter((pair): pair is [string, unknown] => typeof pair[0] === "string");
      return Object.fromEntries(fields.map(([key, item]) => [key, convert(item, depth + 1)]));
    }
    return value === null || ["string", "number", "boolean"].includes(typeof value) ? value : undefined;
  };
  return convert(tree, 0);
}
