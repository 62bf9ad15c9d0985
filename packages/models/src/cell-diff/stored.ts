// CELL-Diff from a file whose weights stay on disk: the released archive of torch.save above 4 GiB, or the same in 16 bits as
// safetensors, to which it is converted once. Weights are read when a stage of the network needs them.

import { float32ToFloat16, listBriefly, planSafetensors, toFloat32 } from "@proteoscope/formats";
import { parseConfig } from "../checkpoints/config-json.ts";
import { checkNetwork } from "../checkpoints/declared-parameters.ts";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { findConfig } from "../checkpoints/model-folder.ts";
import type { StateDict } from "../checkpoints/network-definition.ts";
import { openStoredTensors, type StoredTensor, sketchOf } from "../checkpoints/stored-tensors.ts";
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
  /** What it was converted from, as given to `inHalfPrecision`. */
  readonly source: string | undefined;
}

/**
 * Opens a file of CELL-Diff; nothing but names and shapes is read.
 * @throws CheckpointError, WeightsError and FormatError as `loadPretrained` does, by name
 */
export async function openStoredCellDiff(folder: FileSource, file?: string): Promise<StoredCellDiff> {
  const stored = await openStoredTensors(folder, file);
  const place = `${folder.name}/${stored.path}`;
  const sketch = sketchAll(stored.tensors);
  if (!cellDiffDefinition.recognizesNames((pattern) => [...sketch.keys()].some((name) => pattern.test(name))))
    throw new CheckpointError(
      `${place}: is not ${cellDiffDefinition.title}, its tensors are ${listBriefly([...sketch.keys()])}`,
    );
  const tensors = canonicalCellDiffNames(stored.tensors);
  const weights = sketchAll(tensors);
  const json = await findConfig(folder, stored);
  if (json !== undefined && !cellDiffDefinition.recognizesConfig(json))
    throw new CheckpointError(`${place}: its configuration is of another network: move it away`);
  const fields = json ?? inferCellDiffConfig(weights, sketch, place);
  const config = parseConfig(cellDiffFormat, fields, place);
  checkNetwork(cellDiffDefinition, { config, weights }, place);
  return { config, tensors, path: stored.path, source: stored.metadata.source };
}

/** A file in 16 bits: its length, and its bytes tensor by tensor. */
export interface HalfPrecisionFile {
  readonly length: number;
  parts(): AsyncGenerator<Uint8Array>;
}

/** Plans the file in 16 bits of a network on disk, which keeps what `source` says; one tensor is in memory at a time. */
export function inHalfPrecision(
  { tensors }: Pick<StoredCellDiff, "tensors">,
  source = "",
): HalfPrecisionFile {
  const types = new Map(
    [...tensors].map(([name, { shape }]) => [name, { dtype: "float16", shape }] as const),
  );
  const metadata = { format: "pt", model: cellDiffDefinition.name, source };
  const { header, names, length } = planSafetensors(types, metadata);
  return {
    length,
    async *parts() {
      yield header;
      for (const name of names) {
        const values = toFloat32(await tensors.get(name)!.read());
        const halves = float32ToFloat16(values);
        refuseOverflow(name, values, halves);
        yield new Uint8Array(halves.buffer);
      }
    },
  };
}

/** @throws CheckpointError for a value that 16 bits cannot hold. */
function refuseOverflow(name: string, values: Float32Array, halves: Uint16Array): void {
  const at = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at === -1) return;
  const advice = Number.isFinite(values[at])
    ? "which 16 bits cannot hold: save the file as safetensors, which is used as it is"
    : "the file is damaged: fetch it again";
  throw new CheckpointError(`${name}: its number ${at} is ${values[at]}, ${advice}`);
}

function sketchAll(tensors: ReadonlyMap<string, StoredTensor>): StateDict {
  return new Map([...tensors].map(([name, tensor]) => [name, sketchOf(tensor)]));
}
