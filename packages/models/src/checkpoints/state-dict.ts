// The weights of a checkpoint folder, whichever way they are stored: one safetensors file, shards with an index
// (https://huggingface.co/docs/transformers/big_models), or what torch.save wrote, which is read without running it.

import {
  collectTensors,
  isTorchArchive,
  listBriefly,
  type NdArray,
  openTorchCheckpoint,
  readSafetensors,
  readTorchCheckpoint,
  type StoredTorchTensor,
  withoutWrapperNames,
} from "@proteoscope/formats";
import { z } from "zod";
import type { Json } from "./config-json.ts";
import { CheckpointError, type FileSource, naming, readJson, readParsed } from "./file-source.ts";
import type { StateDict } from "./network-definition.ts";
import { plainValues } from "./training-module.ts";

export interface StoredWeights {
  readonly tensors: StateDict;
  /** Metadata of a safetensors file; empty for the others. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Hyperparameters of a checkpoint of PyTorch Lightning; empty for the others. */
  readonly hyperParameters: Json;
  /** The file, or the index of the shards. */
  readonly path: string;
}

/** In the order of preference: safetensors first, whole files first. */
const wellKnownFiles = [
  "model.safetensors",
  "diffusion_pytorch_model.safetensors",
  "model.safetensors.index.json",
  "diffusion_pytorch_model.safetensors.index.json",
  "model.fp16.safetensors",
  "diffusion_pytorch_model.fp16.safetensors",
  "pytorch_model.bin",
  "diffusion_pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "diffusion_pytorch_model.bin.index.json",
];

/**
 * Tensors under the names of the network itself, also where a wrapper such as torch.compile was saved.
 *
 * @throws CheckpointError when the folder has no weights, or shards do not fit their index.
 */
export async function readWeights(folder: FileSource, file?: string): Promise<StoredWeights> {
  const path = file ?? (await findWeights(folder));
  const stored = path.endsWith(".index.json")
    ? { tensors: await readShards(folder, path), metadata: {}, hyperParameters: {} }
    : await readWeightsFile(folder, path);
  const tensors = naming(`${folder.name}/${path}`, () => withoutWrapperNames(stored.tensors));
  return { ...stored, tensors, path };
}

export async function findWeights(folder: FileSource): Promise<string> {
  for (const path of wellKnownFiles) if (await folder.exists(path)) return path;
  const others = ((await folder.list?.()) ?? []).filter(
    (path) => /^[^/]+\.(safetensors|pt|pth|ckpt)$/.test(path) && !path.endsWith(regressionSuffix),
  );
  if (others.length === 1) return others[0]!;
  const found = others.length === 0 ? "no weights" : `more than one file of weights (${listBriefly(others)})`;
  throw new CheckpointError(
    `${folder.name}: ${found}; give one file, or a folder with ${wellKnownFiles[0]}, ${wellKnownFiles[1]}, ${wellKnownFiles[6]} or their index`,
  );
}

/** fair-esm keeps the contact head in a file of its own: `<model>-contact-regression.pt`. */
export const regressionSuffix = "-contact-regression.pt";

async function readWeightsFile(folder: FileSource, path: string): Promise<Omit<StoredWeights, "path">> {
  if (path.endsWith(".safetensors"))
    return { ...(await readParsed(folder, path, readSafetensors)), hyperParameters: {} };
  if (await isLarge(folder, path)) {
    const tree = await openTorchFile(folder, path);
    const tensors = await readTensors(collectTensors<StoredTorchTensor>(tree));
    return { tensors, metadata: {}, hyperParameters: hyperParametersOf(tree, `${folder.name}/${path}`) };
  }
  return readParsed(folder, path, (bytes) => {
    const tree = readTorchCheckpoint(bytes);
    return {
      tensors: collectTensors(tree),
      metadata: {},
      hyperParameters: hyperParametersOf(tree, `${folder.name}/${path}`),
    };
  });
}

/** Several at once: a disk and the pages of fresh memory both wait otherwise. */
async function readTensors(stored: ReadonlyMap<string, StoredTorchTensor>): Promise<Map<string, NdArray>> {
  const atOnce = 4;
  const waiting = [...stored];
  const tensors = new Map<string, NdArray>();
  for (let first = 0; first < waiting.length; first += atOnce) {
    const group = waiting.slice(first, first + atOnce);
    const arrays = await Promise.all(group.map(([, tensor]) => tensor.read()));
    group.forEach(([name], index) => {
      tensors.set(name, arrays[index]!);
    });
  }
  return tensors;
}

/** A file above 4 GiB is no one array in JavaScript. One array is quicker than many, which set off collections of garbage. */
const largestWholeBytes = 3 * 2 ** 30;

async function isLarge(folder: FileSource, path: string): Promise<boolean> {
  if (folder.readPart === undefined || folder.sizeOf === undefined) return false;
  if ((await folder.sizeOf(path)) <= largestWholeBytes) return false;
  return isTorchArchive(await folder.readPart(path, 0, 4));
}

/** What torch.save wrote, with tensors that are read on demand. @throws FormatError that names the file. */
export async function openTorchFile(folder: FileSource, path: string): Promise<unknown> {
  const size = await folder.sizeOf!(path);
  const source = {
    size,
    read: (begin: number, end: number) => folder.readPart!(path, begin, Math.min(end, size)),
  };
  const opened = await openTorchCheckpoint(source).catch((error: unknown) => error as Error);
  return naming(`${folder.name}/${path}`, () => {
    if (opened instanceof Error) throw opened;
    return opened;
  });
}

function hyperParametersOf(tree: unknown, place: string): Json {
  const stored = tree instanceof Map ? tree.get("hyper_parameters") : undefined;
  return (stored instanceof Map ? plainValues(stored, place) : {}) as Json;
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+$/)) });

/** The shard of every tensor. @throws CheckpointError for an index that is none, or whose shards are not there. */
export async function readIndex(folder: FileSource, path: string): Promise<Map<string, string>> {
  const place = `${folder.name}/${path}`;
  const index = indexSchema.safeParse(await readJson(folder, path));
  if (!index.success) throw new CheckpointError(`${place}: weight_map is not a table of tensors and files`);
  const shardOf = new Map(Object.entries(index.data.weight_map));
  for (const shard of new Set(shardOf.values())) {
    if (!(await folder.exists(shard)))
      throw new CheckpointError(`${place}: the shard ${shard} is not in the folder: fetch it again`);
  }
  return shardOf;
}

async function readShards(folder: FileSource, path: string): Promise<StateDict> {
  const shardOf = await readIndex(folder, path);
  const tensors = new Map<string, NdArray>();
  for (const shard of new Set(shardOf.values())) {
    for (const [name, value] of (await readWeightsFile(folder, shard)).tensors)
      if (shardOf.get(name) === shard) tensors.set(name, value);
  }
  refuseMissing(shardOf, tensors, `${folder.name}/${path}`);
  return tensors;
}

/** @throws CheckpointError for tensors that the index has and the shards lack. */
export function refuseMissing(
  shardOf: ReadonlyMap<string, string>,
  tensors: ReadonlyMap<string, unknown>,
  place: string,
): void {
  const missing = [...shardOf].flatMap(([name, shard]) => (tensors.has(name) ? [] : [`${name} (${shard})`]));
  if (missing.length > 0)
    throw new CheckpointError(
      `${place}: ${missing.length} tensors are not in the shards that should have them: ${listBriefly(missing)}`,
    );
}
