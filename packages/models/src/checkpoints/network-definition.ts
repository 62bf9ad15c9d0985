// How loading, saving, running and exporting know a network: one object per network, `definition.ts` in the folder of its
// family, listed in ../registry.ts. docs/how-to/add-a-network.md adds one step by step.
//
//   const toyDefinition: NetworkDefinition<"toy", ToyConfig> = { name: "toy", title: "Toy (example)", ... };

import type { Tensor, Weights } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";
import type { ConfigFormat, Json } from "./config-json.ts";
import type { InputRules } from "./input-rules.ts";

/** Arrays by the names of a PyTorch state dict. */
export type StateDict = ReadonlyMap<string, NdArray>;

/** A configuration, and float32 weights by the names that the network declares. */
export interface Network<Config> {
  readonly config: Config;
  readonly weights: StateDict;
}

/** Tensors by name; an optional input that is not given is absent. */
export type NamedTensors = Readonly<Record<string, Tensor | undefined>>;

/** What the package knows of a network. Optional members have the default that their comment states. */
export interface NetworkDefinition<Name extends string = string, Config = unknown> {
  /** The `architecture` of a loaded network. */
  readonly name: Name;
  /** Name in messages, with the library that the network comes from. */
  readonly title: string;

  /** The fields of config.json. */
  readonly format: ConfigFormat<Config>;
  /** Whether a config.json describes this network. */
  recognizesConfig(json: Json): boolean;
  /** Whether tensors of these names are this network's; asked where there is no configuration. */
  recognizesNames(has: (pattern: RegExp) => boolean): boolean;
  /**
   * Stored tensors under the names that the network declares, without what follows from others; as stored when absent.
   * `place` names the file in messages.
   */
  canonicalNames?(tensors: StateDict, config: Json | undefined, place: string): StateDict;
  /**
   * The fields of config.json as names and shapes show them.
   * @param weights under canonical names
   * @param stored under the names of the file
   * @throws CheckpointError where a size cannot be seen; `place` names the file.
   */
  inferConfig(weights: StateDict, stored: StateDict, place: string): Json;
  /** Further files that belong to the file of weights at `path`, each read where it is there; none when absent. */
  companionFiles?(path: string, weights: StateDict): readonly CompanionFile[];
  /** Parts that other libraries put on top of the network: they are left out, and a notice names them. */
  readonly foreignNames?: RegExp;
  /** Where a checkpoint of a training module has the network; nowhere when absent. */
  readonly trainingParts?: readonly TrainingPart[];

  /** The inputs by the names of the network's library. */
  inputs(config: Config): InputRules;
  /** The network: inputs by name to outputs by name. */
  apply(w: Weights, network: Network<Config>, inputs: NamedTensors): Record<string, Tensor>;
  /** Declares parameters that a checkpoint may have and `apply` does not read; none when absent. */
  declareIdle?(w: Weights, network: Network<Config>, inputs: NamedTensors): void;
  /** Sizes of the named dimensions of `inputs` that a trace needs to be larger than 1. */
  smallestSizes?(config: Config): Readonly<Record<string, number>>;

  readonly saved?: SavedLayout<Config>;
  readonly exported?: ExportLayout<Config>;
}

/** A file of further tensors of a network. */
export interface CompanionFile {
  readonly path: string;
  /** What stands before the names of its tensors; "" when absent. */
  readonly prefix?: string;
}

/** A part of a training module's state dict that is one network. */
export interface TrainingPart {
  /** Prefix of its names, such as "unet."; "" where its names have none, so that `names` and `recognizesNames` find it. */
  readonly prefix: string;
  /** Which names below the prefix belong to it; all when absent. */
  readonly names?: RegExp;
  /** A name below the prefix that must be there, where other checkpoints have the same prefix. */
  readonly marker?: string;
  /** Where its configuration lies in that of the module; at its root when absent. */
  readonly config?: readonly string[];
}

/** How a saved folder differs from config.json with the format's fields and model.safetensors with the weights. */
export interface SavedLayout<Config> {
  /** Name of the file of weights. */
  readonly weightsFile?: string;
  /** Further fields of config.json. */
  fields?(network: Network<Config>): Json;
  /** Fields of config.json, in snake case, that its library takes for floats alone: 0 is written as 0.0. */
  readonly floatFields?: readonly string[];
  /** Further tensors that its library stores. */
  tensors?(weights: StateDict): Iterable<readonly [string, NdArray]>;
}

/** How ONNX files differ from one model.onnx that takes all inputs and leaves every named dimension open. */
export interface ExportLayout<Config> {
  /** The inputs of each file. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
  /** Sizes of named dimensions that a graph must know; `imageSide` is the caller's, in pixels. */
  sizes?(config: Config, imageSide: number): Readonly<Record<string, number>>;
}

/** A loaded network of a definition. */
export type NetworkOf<D extends NetworkDefinition> =
  D extends NetworkDefinition<infer Name, infer Config>
    ? { readonly architecture: Name; readonly config: Config; readonly weights: StateDict }
    : never;
