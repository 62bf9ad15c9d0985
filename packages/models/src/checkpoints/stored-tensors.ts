// The tensors of a checkpoint by name, each read on demand, so that a language model of 3 billion parameters need not be in
// memory at once. Only the headers of safetensors files and of torch.save's archives are read at first;
// other files are read whole.

import {
  collectTensors,
  elementCount,
  isTorchArchive,
  type NdArray,
  readSafetensorsHeader,
  type StoredTorchTensor,
  safetensorsDataStart,
  viewBytes,
  withoutWrapperNames,
} from "@proteoscope/formats";
import { type FileSource, naming } from "./file-source.ts";
import { findWeights, openTorchFile, readIndex, readWeights, refuseMissing } from "./state-dict.ts";

/** A tensor in a file. */
export interface StoredTensor {
  /** Its stored dtype. */
  readonly dtype: NdArray["dtype"];
  readonly shape: readonly number[];
  /** Reads the tensor in its stored dtype: f16 and bf16 are not converted. */
  read(): Promise<NdArray>;
}

/** The tensors of a checkpoint. */
export interface StoredTensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Path of the file, or of the index of the shards. */
  readonly path: string;
}

/** Opens the weights of a folder. @throws CheckpointError and FormatError as the loaders do. */
export async function openStoredTensors(folder: FileSource, file?: string): Promise<StoredTensors> {
  const path = file ?? (await findWeights(folder));
  const place = `${folder.name}/${path}`;
  const canReadParts = folder.readPart !== undefined && folder.sizeOf !== undefined;
  if (canReadParts && path.endsWith(".safetensors")) {
    const { tensors, metadata } = await openFile(folder, path);
    return { tensors: naming(place, () => withoutWrapperNames(tensors)), metadata, path };
  }
  if (canReadParts && path.endsWith(".safetensors.index.json")) {
    const shardOf = await readIndex(folder, path);
    const tensors = new Map<string, StoredTensor>();
    for (const shard of new Set(shardOf.values()))
      for (const [name, tensor] of (await openFile(folder, shard)).tensors)
        if (shardOf.get(name) === shard) tensors.set(name, tensor);
    refuseMissing(shardOf, tensors, place);
    return { tensors: naming(place, () => withoutWrapperNames(tensors)), metadata: {}, path };
  }
  if (canReadParts && isTorchArchive(await folder.readPart!(path, 0, 4))) {
    const tree = await openTorchFile(folder, path);
    const tensors = naming(place, () => withoutWrapperNames(collectTensors<StoredTorchTensor>(tree)));
    return { tensors, metadata: {}, path };
  }
  const { tensors, metadata } = await readWeights(folder, path);
  const held = [...tensors].map(([name, value]): [string, StoredTensor] => [
    name,
    { dtype: value.dtype, shape: value.shape, read: async () => value },
  ]);
  return { tensors: new Map(held), metadata, path };
}

/** A tensor without its values, for what looks at names, types and shapes alone. */
export function sketchOf({ dtype, shape }: StoredTensor): NdArray {
  return { dtype, shape, data: viewBytes(new Uint8Array(0), dtype, 0, 0) };
}

async function openFile(folder: FileSource, path: string): Promise<Omit<StoredTensors, "path">> {
  const place = `${folder.name}/${path}`;
  const part = (begin: number, end: number) => folder.readPart!(path, begin, end);
  const fileLength = await folder.sizeOf!(path);
  const start = await part(0, 8);
  const dataStart = naming(place, () => safetensorsDataStart(start));
  const header = await part(0, Math.min(dataStart, fileLength));
  const { entries, metadata } = naming(place, () => readSafetensorsHeader(header, fileLength));
  const tensors = [...entries].map(([name, { dtype, shape, begin, end }]): [string, StoredTensor] => [
    name,
    {
      ...{ dtype, shape },
      read: async () => {
        const bytes = await part(begin, end);
        return { dtype, shape, data: viewBytes(bytes, dtype, 0, elementCount(shape)) };
      },
    },
  ]);
  return { tensors: new Map(tensors), metadata };
}
