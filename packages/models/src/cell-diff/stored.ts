// CELL-Diff from a file whose weights stay on disk: the released archive of torch.save above 4 GiB, or the same in 16 bits as
// safetensors, to which it is converted once. Weights are read when a stage of the network needs them.

import {
  float16ToFloat32,
  float32ToFloat16,
  type NdArray,
  planSafetensors,
  toFloat32,
} from "@proteoscope/formats";
import { parseConfig } from "../checkpoints/config-json.ts";
import { checkNetwork } from "../checkpoints/declared-parameters.ts";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { findConfig } from "../checkpoints/model-folder.ts";
import { openStoredTensors, type StoredTensor } from "../checkpoints/stored-tensors.ts";
import {
  canonicalCellDiffNames,
  cellDiffDefinition,
  cellDiffFormat,
  inferCellDiffConfig,
} from "./definition.ts";
import type { CellDiffConfig } from "./network.ts";

/** CELL-Diff whose weights are still on disk. */
export interface StoredCellDiff {
  readonly config: CellDiffConfig;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Path of the file in its folder. */
  readonly path: string;
}

/**
 * Opens a file of CELL-Diff; nothing but names and shapes is read.
 * @throws CheckpointError, WeightsError and FormatError as `loadPretrained` does, by name
 */
export async function openStoredCellDiff(folder: FileSource, file?: string): Promise<StoredCellDiff> {
  const stored = await openStoredTensors(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const sketch = sketchOf(stored.tensors);
  if (!cellDiffDefinition.recognizesNames((pattern) => [...sketch.keys()].some((name) => pattern.test(name))))
    throw new CheckpointError(`${place}: is not ${cellDiffDefinition.title}`);
  const tensors = canonicalCellDiffNames(stored.tensors);
  const weights = sketchOf(tensors);
  const fields = (await findConfig(folder, stored)) ?? inferCellDiffConfig(weights, sketch, place);
  const config = parseConfig(cellDiffFormat, fields, place);
  checkNetwork(cellDiffDefinition, { config, weights }, place);
  return { config, tensors, path: stored.path };
}

/** A file in 16 bits: its length, and its bytes tensor by tensor. */
export interface HalfPrecisionFile {
  readonly length: number;
  parts(): AsyncGenerator<Uint8Array>;
}

/** Plans the file in 16 bits of a network on disk; one tensor is in memory at a time. */
export function inHalfPrecision({ tensors }: Pick<StoredCellDiff, "tensors">): HalfPrecisionFile {
  const types = new Map(
    [...tensors].map(([name, { shape }]) => [name, { dtype: "float16", shape }] as const),
  );
  const { header, names, length } = planSafetensors(types, { format: "pt", model: cellDiffDefinition.name });
  return {
    length,
    async *parts() {
      yield header;
      for (const name of names) {
        const halves = float32ToFloat16(toFloat32(await tensors.get(name)!.read()));
        refuseOverflow(name, halves);
        yield new Uint8Array(halves.buffer);
      }
    },
  };
}

/** @throws CheckpointError for a value that 16 bits cannot hold. */
function refuseOverflow(name: string, halves: Uint16Array): void {
  const at = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at === -1) return;
  const [value] = float16ToFloat32(halves.subarray(at, at + 1));
  throw new CheckpointError(`${name}: its number ${at} is ${value} in 16 bits: use the file as it is`);
}

function sketchOf(tensors: ReadonlyMap<string, StoredTensor>): Map<string, NdArray> {
  return new Map(
    [...tensors].map(([name, { shape }]) => [
      name,
      { dtype: "float32", shape, data: new Float32Array(0) } as const,
    ]),
  );
}
