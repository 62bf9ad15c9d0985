// Where a checkpoint or model folder has its parts: the configuration of its weights, the language model, and the small
// networks that a model has besides the published ones.

import type { Json } from "./config-json.ts";
import { type FileSource, parseJson, readJson, subfolder } from "./file-source.ts";

/** The configuration of a file of weights: in the file's metadata, or beside it; undefined where there is none. */
export async function findConfig(
  folder: FileSource,
  { metadata, path }: { readonly metadata: Readonly<Record<string, string>>; readonly path: string },
): Promise<Json | undefined> {
  if (metadata.config !== undefined)
    return parseJson(metadata.config, `${folder.name}/${path}, its configuration,`);
  return (await folder.exists("config.json")) ? readJson(folder, "config.json") : undefined;
}

/** The folder of a model's language model: `plm`, or the folder itself where a language model alone was published. */
export async function languageModelFolder(folder: FileSource): Promise<FileSource> {
  const isInside = await hasAny(folder, [
    "plm/config.json",
    "plm/model.safetensors",
    "plm/pytorch_model.bin",
  ]);
  return isInside ? subfolder(folder, "plm") : folder;
}

/** Whether a folder has a small network: half of one counts, so that reading the other half refuses it by name. */
export function hasNetwork(folder: FileSource): Promise<boolean> {
  return hasAny(folder, ["config.json", "model.safetensors"]);
}

async function hasAny(folder: FileSource, paths: readonly string[]): Promise<boolean> {
  return (await Promise.all(paths.map((path) => folder.exists(path)))).includes(true);
}
