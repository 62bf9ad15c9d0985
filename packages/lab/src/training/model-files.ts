// The files that a run leaves in `model/`: parts of a model folder, as the loaders read it. Configurations are in snake_case;
// a whole network goes through the writer of published checkpoints, a head of ours is two plain files.

import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { type Pretrained, savePretrained } from "@proteoscope/models";
import { snakeCaseKeys } from "../config/compose.ts";

/** Contents by path, relative to the model folder. */
export type ModelFiles = ReadonlyMap<string, Uint8Array | string>;

type StateDict = ReadonlyMap<string, NdArray>;

/** A network of a published architecture, in a folder of the model. */
export function networkFiles(folder: string, model: Pretrained): ModelFiles {
  return new Map([...savePretrained(model)].map(([path, bytes]) => [`${folder}/${path}`, bytes]));
}

/** A network of our own: its configuration and its parameters. */
export function headFiles(folder: string, config: object, weights: StateDict): ModelFiles {
  return new Map<string, Uint8Array | string>([
    [`${folder}/config.json`, jsonText(config)],
    [`${folder}/model.safetensors`, writeSafetensors(weights)],
  ]);
}

/** A configuration as JSON with snake_case keys. */
export function jsonText(config: object): string {
  return `${JSON.stringify(snakeCaseKeys(config), null, 2)}\n`;
}

/** The same parameters under longer names. */
export function withPrefix(weights: StateDict, prefix: string): Map<string, NdArray> {
  return new Map([...weights].map(([name, value]) => [`${prefix}${name}`, value]));
}

/** The parameters whose names begin with a prefix, without it. */
export function withoutPrefix(weights: StateDict, prefix: string): Map<string, NdArray> {
  const inside = [...weights].filter(([name]) => name.startsWith(prefix));
  return new Map(inside.map(([name, value]) => [name.slice(prefix.length), value]));
}
