// Generates the cells of a request and writes their files: the work behind `generate`, which loads it while the runtime
// starts. The files of a cell or of a field appear together when it is finished; where the run is strict, those of all.

import type { Runtime } from "@proteoscope/engine";
import type { RgbImage } from "@proteoscope/imaging";
import {
  drawOverview,
  encodeField,
  encodeFiles,
  type FieldProvenance,
  type FieldRequest,
  type GenerateRequest,
  generate,
  generateFields,
  type ImageFormat,
  openMicroscope,
  type Provenance,
  readModel,
  renderSheet,
  type WorkOptions,
} from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { type Inputs, type OutputFolder, withOutputFolder } from "./cli/output.ts";

/** A cell, or a field of cells, whose files are written. */
export interface WrittenCell {
  readonly name: string;
  /** Names in the output folder; an OME-Zarr folder is one. */
  readonly files: readonly string[];
  readonly provenance: Provenance | FieldProvenance;
}

export interface WriteOptions extends WorkOptions {
  readonly formats: readonly ImageFormat[];
  /** Folder. */
  readonly output: string;
  /** Files that are read, none of which may be replaced. */
  readonly inputs: Inputs;
  /** Whether all files appear together at the end or, after a failure or an abort, none. */
  readonly strict: boolean;
  /** Called with the picture of each cell when it is generated, where there is somebody to see it. */
  readonly show: ((sheet: RgbImage) => void) | undefined;
}

/** Generates and writes every cell. @throws what the readers of the model, `generate` and the output folder throw. */
export async function writeCells(
  runtime: Runtime,
  folder: FileSource,
  request: GenerateRequest,
  { formats, output, inputs, strict, show, ...options }: WriteOptions,
): Promise<WrittenCell[]> {
  return withOutputFolder(
    output,
    async (outputFolder) => {
      const microscope = openMicroscope(runtime, await readModel(folder));
      const written: WrittenCell[] = [];
      for await (const cell of generate(microscope, request, options)) {
        written.push(await write(outputFolder, cell, encodeFiles(cell, formats)));
        if (!strict) await outputFolder.publish();
        show?.(renderSheet(cell));
      }
      return written;
    },
    { ...options, inputs },
  );
}

/**
 * Generates and writes every protein in all cells of a field, and single crops where the request wants them. Where a cell
 * fails or the signal aborts, the cells that are finished by then are written first, unless the run is strict.
 * @throws what the readers of the model, `generateFields` and the output folder throw.
 */
export async function writeFields(
  runtime: Runtime,
  folder: FileSource,
  request: FieldRequest,
  { formats, output, inputs, strict, show, ...options }: WriteOptions,
): Promise<WrittenCell[]> {
  return withOutputFolder(
    output,
    async (outputFolder) => {
      const microscope = openMicroscope(runtime, await readModel(folder));
      const written: WrittenCell[] = [];
      let crops: string[] = [];
      for await (const { cell, field } of generateFields(microscope, request, options)) {
        if (cell !== undefined)
          crops.push(...(await write(outputFolder, cell, encodeFiles(cell, formats))).files);
        if (field === undefined) continue;
        const { files, ...rest } = await write(outputFolder, field, encodeField(field, formats));
        written.push({ ...rest, files: [...files, ...crops] });
        crops = [];
        if (!strict) await outputFolder.publish();
        show?.(drawOverview(field));
      }
      return written;
    },
    { inputs }, // what is finished at an abort is written after it
  );
}

async function write(
  folder: OutputFolder,
  { name, provenance }: Pick<WrittenCell, "name" | "provenance">,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<WrittenCell> {
  for (const [path, bytes] of files) await folder.write(path, bytes);
  const names = new Set([...files.keys()].map((path) => path.split("/")[0]!));
  return { name, files: [...names], provenance };
}
