// Imports crops in cytoself's format into a data set: a stream from file to file, so that memory holds two batches whatever
// the size. Every value is looked at: what is not a number, out of its range, or of a distance and a mask that disagree is
// listed in refused.csv by file, row and channel, and the other crops go on.

import { type FileHandle, open, rm } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { FormatError } from "@proteoscope/formats";
import type { WorkOptions } from "@proteoscope/microscope";
import type { DataSetDescription } from "../dataset/description.ts";
import { type CropValues, convertCrop } from "./convert-cytoself.ts";
import {
  type CytoselfLabel,
  type CytoselfPart,
  findCytoselfParts,
  type KnownPart,
  readCytoselfLabels,
} from "./cytoself-parts.ts";
import { collectTables, faultOfLabel, proteinId } from "./cytoself-tables.ts";
import { readUnfinishedSettings } from "./growing-files.ts";
import { type Cells, cropsFile, openSetWriter, type RefusedRow, type SetWriter } from "./set-writer.ts";

/** What to import, and what the files do not say. */
export interface CytoselfImport {
  /** The folder of cytoself's files. */
  readonly folder: string;
  readonly output: string;
  /** Removes each image file when its crops are on the disk. Default false. */
  readonly deleteSource?: boolean;
  readonly pixelSizeMicrons: number;
  readonly source: string;
  readonly licence: string;
  readonly madeBy: string;
  readonly seed: number;
  /** Stops at the first crop that is refused. Default false. */
  readonly isStrict?: boolean;
  /** Crops between two checkpoints. Default 12,800. */
  readonly checkpointCrops?: number;
}

/** What an import did. */
export interface ImportReport {
  readonly crops: number;
  readonly refused: number;
  /** Bytes of images read by this process, and its seconds; 0 where only names were missing. */
  readonly bytes: number;
  readonly seconds: number;
  readonly warnings: readonly string[];
}

interface Position {
  readonly part: number;
  /** Crops of the part that were read. */
  readonly row: number;
}

const batchCrops = 64;
const channels = ["protein", "nucleus", "nuclear_mask"];
const cropColumns = ["field", "protein", "file", "row", "distance_mismatch"];
const normalisation =
  "as in the source: intensities between 0 and 1 become 0 to 255; the distance follows from the mask";

/**
 * Imports the files, or goes on where an earlier process was stopped.
 * @throws FormatError for files that do not belong together; ProteoscopeError (usage) as `openGrowingFiles` says; the reason
 *   of the signal, after which the import can be gone on with.
 */
export async function importCytoself(request: CytoselfImport, work: WorkOptions): Promise<ImportReport> {
  const { output, folder, pixelSizeMicrons, source, licence, seed } = request;
  const started = performance.now();
  const parts = await findCytoselfParts(folder, await knownParts(output));
  const { height, width } = parts[0]!;
  const tables = await collectTables(parts, { source, seed });
  const settings = {
    ...{ import: "cytoself", pixelSizeMicrons, source, licence, seed },
    parts: parts.map(({ name, count, height, width, bytes }) => ({ name, count, height, width, bytes })),
  };
  const writer = await openSetWriter<Position>(
    output,
    { channels, height, width, cropColumns },
    { settings, others: [...tables.files.keys()] },
  );
  const { warnings } = tables;
  if (writer === undefined) return { crops: 0, refused: 0, bytes: 0, seconds: 0, warnings };
  try {
    const bytes = await copyParts(parts, writer, request, work);
    const { count: crops, refused } = writer;
    await writer.finish(descriptionOf(request), tables.files);
    if (request.deleteSource) for (const { labelFile } of parts) await rm(labelFile, { force: true });
    return { crops, refused, bytes, seconds: (performance.now() - started) / 1000, warnings };
  } finally {
    await writer.close();
  }
}

/** The parts of an unfinished import, whose images may be gone. */
async function knownParts(output: string): Promise<readonly KnownPart[]> {
  const settings = (await readUnfinishedSettings(output)) as { parts?: readonly KnownPart[] } | undefined;
  return settings?.parts ?? [];
}

function descriptionOf(request: CytoselfImport): DataSetDescription {
  const { source, licence, pixelSizeMicrons, madeBy, folder } = request;
  const table = (name: string, from: string) => ({ file: `${name}.csv`, source: from });
  return {
    ...{
      name: basename(resolve(folder)),
      madeBy,
      source,
      licence,
      pixelSizeMicrons,
      channels,
      normalisation,
    },
    crops: cropsFile,
    tables: {
      crops: table("crops", "one row per crop of the image files, in their order"),
      fields: table("fields", "FOV_id of the label files"),
      proteins: table("proteins", "ensg, name and loc_grade1 to loc_grade3 of the label files"),
      splits: table("splits", `all_proteins, seed ${request.seed}`),
    },
    split: "all_proteins",
  };
}

/** Copies all crops that are not copied yet. Returns the bytes of images that were read. */
async function copyParts(
  parts: readonly CytoselfPart[],
  writer: SetWriter<Position>,
  request: CytoselfImport,
  { signal, onProgress }: WorkOptions,
): Promise<number> {
  const start = writer.position ?? { part: 0, row: 0 };
  const { checkpointCrops = 12_800, deleteSource = false } = request;
  const left = parts.slice(start.part).reduce((sum, { bytes }) => sum + bytes, 0);
  const { bytes = 0, count = 1 } = parts[start.part] ?? {};
  const total = left - (start.row * bytes) / count;
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  let bytesRead = 0;
  for (const [number, part] of parts.entries()) {
    if (number >= start.part) {
      const first = number === start.part ? start.row : 0;
      const labels = await readCytoselfLabels(part);
      let saved = first;
      for await (const batch of readBatches(part, first)) {
        await writeBatch(batch, labels, part, writer, request.isStrict ?? false);
        const row = batch.first + batch.count;
        bytesRead += (batch.count * part.bytes) / part.count;
        const [done, all] = [megabytes(bytesRead), megabytes(total)];
        onProgress?.({ phase: "import", done, total: all, unit: "MB", note: part.name });
        if (row - saved >= checkpointCrops || signal.aborted) {
          await writer.checkpoint({ part: number, row });
          saved = row;
        }
        signal.throwIfAborted();
      }
      await writer.checkpoint({ part: number + 1, row: 0 });
    }
    if (deleteSource) for (const { path } of part.arrays) await rm(path, { force: true });
  }
  return bytesRead;
}

interface Batch {
  readonly first: number;
  readonly count: number;
  /** The values of each array, from the first crop of the batch. */
  readonly values: readonly Float32Array[];
}

/** Reads batches of crops; while one is being used, the next one is read. */
async function* readBatches({ arrays, count, bytes }: CytoselfPart, first: number): AsyncGenerator<Batch> {
  const bytesPerCrop = bytes / count / arrays.length;
  const handles: FileHandle[] = [];
  const buffers = [0, 1].map(() => arrays.map(() => new Uint8Array(batchCrops * bytesPerCrop)));
  const read = async (from: number, into: readonly Uint8Array[]): Promise<Batch> => {
    const size = Math.min(batchCrops, count - from);
    await Promise.all(
      arrays.map(({ dataStart }, at) =>
        fill(handles[at]!, dataStart + from * bytesPerCrop, into[at]!.subarray(0, size * bytesPerCrop)),
      ),
    );
    return { first: from, count: size, values: into.map(({ buffer }) => new Float32Array(buffer)) };
  };
  try {
    for (const { path } of arrays) handles.push(await open(path, "r"));
    let next = first < count ? read(first, buffers[0]!) : undefined;
    for (let turn = 1; next !== undefined; turn++) {
      const batch: Batch = await next;
      const end = batch.first + batch.count;
      next = end < count ? read(end, buffers[turn % 2]!) : undefined;
      next?.catch(() => {}); // it is awaited in the next turn
      yield batch;
    }
  } finally {
    for (const handle of handles) await handle.close();
  }
}

async function fill(file: FileHandle, start: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw new FormatError("cytoself", `an image file ends at byte ${start + done}`);
    done += bytesRead;
  }
}

/** Converts a batch, writes its good crops and lists the others. */
async function writeBatch(
  { first, count, values }: Batch,
  labels: readonly CytoselfLabel[],
  { name, height, width, labelFile }: CytoselfPart,
  writer: SetWriter<Position>,
  isStrict: boolean,
): Promise<void> {
  const plane = height * width;
  const planes = new Uint8Array(count * 3 * plane);
  const rows: Cells[] = [];
  const refused: RefusedRow[] = [];
  for (let item = 0; item < count; item++) {
    const label = labels[first + item]!;
    const row = first + item + 1;
    const target = planes.subarray(rows.length * 3 * plane, (rows.length + 1) * 3 * plane);
    const labelFault = faultOfLabel(label);
    const converted = convertCrop(cropValues(values, item, plane), plane, target);
    if (labelFault !== undefined) refused.push({ file: basename(labelFile), row, ...labelFault });
    else if (typeof converted !== "number")
      refused.push({ file: name, row, column: converted.channel, reason: converted.reason });
    else
      rows.push({
        field: label.field,
        protein: proteinId(label),
        file: name,
        row,
        distance_mismatch: converted.toFixed(4),
      });
  }
  if (refused.length > 0 && (isStrict || (first === 0 && refused.length === count))) {
    const { file, row, column, reason } = refused[0]!;
    throw new FormatError("cytoself", `${file}, row ${row}: ${column} ${reason}`, {
      hint: isStrict
        ? "correct it, or import without --strict"
        : "no crop of the first batch can be imported",
    });
  }
  await writer.refuse(refused);
  await writer.addCrops(planes.subarray(0, rows.length * 3 * plane), rows);
}

function cropValues(values: readonly Float32Array[], item: number, plane: number): CropValues {
  const [first, second, third] = values as [Float32Array, Float32Array, Float32Array];
  if (values.length === 1) {
    const start = 4 * plane * item;
    const starts = [start, start + 1, start + 2, start + 3] as const;
    return { protein: first, nucleus: first, distance: first, mask: first, starts, stride: 4 };
  }
  const start = plane * item;
  return {
    protein: first,
    nucleus: second,
    distance: third,
    mask: undefined,
    starts: [start, start, start, start],
    stride: 1,
  };
}
