// Generates the cells of a request and writes their files: the work behind `generate`, which loads it while the runtime
// starts. The files of a cell appear together when it is done, or where it is asked for those of all cells, or none.

import type { Runtime } from "@proteoscope/engine";
import type { RgbImage } from "@proteoscope/imaging";
import {
  encodeFiles,
  type GeneratedCell,
  type GenerateRequest,
  generate,
  type ImageFormat,
  openMicroscope,
  type Provenance,
  readModel,
  renderSheet,
  type WorkOptions,
} from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { type Inputs, type OutputFolder, withOutputFolder } from "./cli/output.ts";

/** A cell whose files are written. */
export interface WrittenCell {
  readonly name: string;
  /** Names in the output folder; an OME-Zarr folder is one. */
  readonly files: readonly string[];
  readonly provenance: Provenance;
}

export interface WriteOptions extends WorkOptions {
  readonly formats: readonly ImageFormat[];
  /** Folder. */
  readonly output: string;
  /** Whether the files of all cells appear together at the end, or none. */
  readonly strict: boolean;
  /** Files that are read, none of which may be replaced. */
  readonly inputs: Inputs;
  /** Called with the picture of each cell when it is generated, where there is somebody to see it. */
  readonly show: ((sheet: RgbImage) => void) | undefined;
}

/** Generates and writes every cell. @throws what the readers of the model, `generate` and the output folder throw. */
export async function writeCells(
  runtime: Runtime,
  folder: FileSource,
  request: GenerateRequest,
  { formats, output, strict, inputs, show, ...options }: WriteOptions,
): Promise<WrittenCell[]> {
  const outputOptions = { ...options, inputs };
  return withOutputFolder(
    output,
    async (outputFolder) => {
      const microscope = openMicroscope(runtime, await readModel(folder));
      const written: WrittenCell[] = [];
      for await (const cell of generate(microscope, request, options)) {
        const files = encodeFiles(cell, formats);
        if (strict) await writeFiles(outputFolder, files);
        else await withOutputFolder(output, (own) => writeFiles(own, files), outputOptions);
        written.push(describe(cell, files));
        show?.(renderSheet(cell));
      }
      return written;
    },
    outputOptions,
  );
}

async function writeFiles(folder: OutputFolder, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) await folder.write(path, bytes);
}

function describe({ name, provenance }: GeneratedCell, files: ReadonlyMap<string, unknown>): WrittenCell {
  const names = new Set([...files.keys()].map((path) => path.split("/")[0]!));
  return { name, files: [...names], provenance };
}
