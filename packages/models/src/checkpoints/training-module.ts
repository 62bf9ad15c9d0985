// Checkpoints of the original's training (PyTorch Lightning, .ckpt): the state dict has every part of a training module
// under a prefix of its own. The definitions of networks say under which prefix they are found (`trainingParts`) and where
// `hyper_parameters` has fields of their configuration; what shapes show, no field needs to say.
//
//   AutoencoderLM  vae.                         CytoselfLM         model.
//   ProteoscopeLM  unet. ema. autoencoder.      ProteoclipLM       image_projection. protein_projection. autoencoder.
//                  cytoself. esm_bottleneck.    ProteocytoclassLM  protein_projection. cytoself.

import type { NdArray } from "@proteoscope/formats";
import type { Json } from "./config-json.ts";
import { firstThree } from "./declared-parameters.ts";
import { CheckpointError } from "./file-source.ts";
import type { NetworkDefinition, StateDict, TrainingPart } from "./network-definition.ts";
import { isRecognized } from "./recognize.ts";

/** A network in a training module. */
export interface TrainedPart<D extends NetworkDefinition> {
  readonly definition: D;
  /** Tensors without their prefix. */
  readonly tensors: StateDict;
  /** The fields of its configuration that the checkpoint states. */
  readonly config: Json;
}

/** Losses and measures, the denoiser's other copies, and what reads a sequence before a denoiser does. */
const otherParts = /^(loss|ssim|psnr|ema|esm|\w*criterion|\w*criteion\w*|lpips|cosine_similarity)\./;

/**
 * The networks of a training module, the module's own network first, or undefined where the names are those of no module.
 * @throws CheckpointError for parts that no training module has.
 */
export function splitTrainingModule<D extends NetworkDefinition>(
  networks: readonly D[],
  tensors: StateDict,
  hyperParameters: Json,
  place: string,
): readonly TrainedPart<D>[] | undefined {
  const names = [...tensors.keys()];
  const known = networks.flatMap(({ trainingParts = [] }) => trainingParts);
  const isModule = known.some(
    ({ prefix, marker = "" }) => prefix !== "" && names.some((name) => name.startsWith(prefix + marker)),
  );
  if (!isModule) return undefined;
  const isKnown = (name: string): boolean =>
    otherParts.test(name) || known.some((part) => nameInside(name, part) !== undefined);
  const unknown = new Set(names.filter((name) => !isKnown(name)).map((name) => name.split(".")[0]!));
  if (unknown.size > 0)
    throw new CheckpointError(
      `${place}: ${firstThree([...unknown])}: parts of no training module that is known; save the state dict of the network alone`,
    );
  const module = moduleConfig(hyperParameters);
  const found = networks.flatMap((definition) => {
    const part = definition.trainingParts?.find((candidate) => holds(definition, candidate, tensors));
    return part === undefined ? [] : [{ definition, part }];
  });
  found.sort((a, b) => Number(b.part.prefix === "") - Number(a.part.prefix === ""));
  return found.map(({ definition, part }) => ({
    definition,
    tensors: tensorsInside(tensors, part),
    config: at(module, part.config ?? []),
  }));
}

/** Whether the tensors have a part; one without a prefix must be its network's by its names. */
function holds(definition: NetworkDefinition, part: TrainingPart, tensors: StateDict): boolean {
  const inside = tensorsInside(tensors, part);
  return inside.size > 0 && (part.prefix !== "" || isRecognized(definition, inside));
}

/** The part that is a network of the name `wanted`, or the first. @throws CheckpointError where it is not there. */
export function choosePart<D extends NetworkDefinition>(
  networks: readonly D[],
  parts: readonly TrainedPart<D>[],
  wanted: string | undefined,
  place: string,
): TrainedPart<D> {
  const chosen = wanted === undefined ? parts[0] : parts.find(({ definition }) => definition.name === wanted);
  if (chosen !== undefined) return chosen;
  const title = networks.find(({ name }) => name === wanted)?.title ?? "a network that can be loaded";
  const there = parts.map(({ definition }) => definition.name).join(", ") || "none";
  throw new CheckpointError(`${place}: holds no part that is ${title}; its networks are: ${there}`);
}

function nameInside(name: string, { prefix, names }: TrainingPart): string | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const inside = name.slice(prefix.length);
  return names === undefined || names.test(inside) ? inside : undefined;
}

function tensorsInside(tensors: StateDict, part: TrainingPart): Map<string, NdArray> {
  return new Map(
    [...tensors].flatMap(([name, value]): [string, NdArray][] => {
      const inside = nameInside(name, part);
      return inside === undefined ? [] : [[inside, value]];
    }),
  );
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
 * The plain values of a pickle as JSON has them; tensors and other objects are left out. The number of values is bounded,
 * because a pickle can contain itself. @throws CheckpointError beyond the bound.
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
