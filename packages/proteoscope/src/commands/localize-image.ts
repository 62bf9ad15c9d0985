// `proteoscope localize-image`: locations that the protein's stain shows in pictures of single cells, by SubCell. A table as
// CSV on standard output or in a file, one row per picture, or JSON with the embeddings.

import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import {
  FormatError,
  ImageSelectionError,
  ProteoscopeError,
  selectPlane,
  writeCsv,
  writeSafetensors,
} from "@proteoscope/formats";
import type { CellImage, CellImageError, LocalizedImage } from "@proteoscope/microscope/experiments";
import type { SubcellConfig, SubcellStain } from "@proteoscope/models/released";
import { openCheckpoint } from "../checkpoint-path.ts";
import { parseNumber } from "../cli/arguments.ts";
import { type CommandContext, defineCommand } from "../cli/command.ts";
import { CommandError, describeFailure, exitCodes } from "../cli/errors.ts";
import { refuseInputs, writeFileAtomic } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { sayWhenSlow, showProgress } from "../cli/progress.ts";
import { openImageFile } from "../image-file.ts";
import { withRuntime } from "../model-folder.ts";

export const localizeImageCommand = defineCommand({
  name: "localize-image",
  description: "31 locations and an embedding from pictures of single cells, by SubCell",
  args: {
    image: {
      type: "positional",
      description:
        "Picture of one cell (PNG, TIFF, .npy, OME-Zarr), or a folder of them; several may be given",
      required: true,
    },
    model: {
      type: "string",
      valueHint: "model",
      required: true,
      description:
        "Encoder of SubCell: a release that was pulled, such as subcell-DNA-Protein, or its file with its classifiers beside it",
    },
    channels: {
      type: "string",
      valueHint: "list",
      description:
        "Channels of the stains by number or name, as nucleus=0,protein=GFP; the encoder's own order when absent",
    },
    "pixel-size": {
      type: "string",
      valueHint: "micrometres",
      description:
        "Width of a pixel, where the file does not say it; that of the training images when absent",
    },
    embeddings: {
      type: "string",
      valueHint: "file",
      description: "File of the embeddings, safetensors",
    },
    strict: { type: "boolean", description: "End at the first picture that cannot be read" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      description: "CSV file; standard output when absent",
    },
  },
  takesMany: true,
  notes: [
    "Each probability is that of one location by itself. Encoders of other stains, and MAE and ViT, give embeddings of",
    "different spaces: compare those of one encoder alone, which the JSON names with its sha256.",
  ],
  examples: [
    "proteoscope localize-image cell.tif --model subcell-DNA-Protein",
    "proteoscope localize-image cell.tif --model subcell/DNA-Protein_ViT-ProtS-Pool.pth",
    "proteoscope localize-image cells/ --model encoder.pth --channels nucleus=DAPI,protein=GFP -o locations.csv",
    "proteoscope localize-image cell.png --model encoder.pth --pixel-size 0.2 --json",
  ],
  async run(args, context) {
    const { stdout, stderr, signal } = context;
    const paths = await listImages([args.image, ...args._.slice(1)]);
    for (const output of [args.output, args.embeddings])
      if (output !== undefined) await refuseInputs(output, [...paths, args.model]);
    const options = {
      channels: parseChannels(args.channels),
      pixelSizeMicrons:
        args["pixel-size"] === undefined
          ? undefined
          : parseNumber("pixel-size", args["pixel-size"], { min: 0.001, max: 1000 }),
    };
    const { encoder, model } = await readEncoder(args.model, context);
    // What is printed stays when the run is ended.
    const isStreamed = !args.json && args.output === undefined && !args.strict;
    const rows: LocalizedImage[] = [];
    const refused: CellImageError[] = [];
    let failure: { readonly error: unknown } | undefined; // after which what is finished is still written
    const progress = showProgress(stderr);
    await withRuntime(args.device, async (runtime) => {
      const { localizeImages, CellImageError } = await import("@proteoscope/microscope/experiments");
      const cells = readCells(paths, encoder.config, { ...options, signal });
      for await (const row of localizeImages(runtime, encoder, cells, {
        ...{ signal, total: paths.length, onProgress: progress.show },
      })) {
        if (row instanceof CellImageError) {
          if (args.strict) throw row;
          refused.push(row);
          continue;
        }
        rows.push(row);
        if (isStreamed) stdout.write(csvOf([row], { withHeader: rows.length === 1 }));
      }
    })
      .finally(progress.close)
      .catch((error: unknown) => {
        failure = { error };
      });
    if (failure !== undefined && (args.strict || rows.length === 0)) throw failure.error;
    for (const { message } of refused) printLines(stderr, `left out: ${message}`);
    if (args.embeddings !== undefined && rows.length > 0)
      await writeFileAtomic(args.embeddings, embeddingFile(rows, model), context);
    if (args.output !== undefined && rows.length > 0)
      await writeFileAtomic(args.output, csvOf(rows), context);
    if (args.json)
      printJson(stdout, {
        model,
        images: rows.map(({ embedding, ...row }) => ({ ...row, embedding: [...embedding] })),
        refused: refused.map(({ image, message }) => ({ image, message })),
      });
    else if (args.output === undefined && !isStreamed && rows.length > 0) stdout.write(csvOf(rows));
    if (failure !== undefined) throw failure.error;
    return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
  },
});

const pictures = new Set([".png", ".tif", ".tiff", ".npy"]);

/** The pictures that are named, and those in folders that are named, by name; a folder of OME-Zarr is one picture. */
async function listImages(named: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of named) {
    if (!(await stat(path)).isDirectory()) {
      found.push(path);
      continue;
    }
    const names = (await readdir(path)).sort();
    if (names.some((name) => ["zarr.json", ".zattrs", ".zgroup"].includes(name))) found.push(path);
    else
      found.push(
        ...names.filter((name) => pictures.has(extname(name).toLowerCase())).map((name) => join(path, name)),
      );
  }
  if (found.length === 0)
    throw new CommandError(`${named.join(", ")}: no pictures (.png, .tif, .npy) in it`, exitCodes.notFound);
  return found;
}

type Channels = Readonly<Record<string, string>>;

function parseChannels(text: string | undefined): Channels | undefined {
  if (text === undefined) return undefined;
  const channels = new Map<string, string>();
  for (const pair of text.split(",")) {
    const [, stain, channel] = /^\s*(microtubules|er|nucleus|protein)\s*=\s*(.+?)\s*$/.exec(pair) ?? [];
    if (stain === undefined)
      throw new CommandError(
        `--channels: "${pair}" is no stain with its channel, such as nucleus=0; stains are microtubules, er, nucleus, protein`,
        exitCodes.usage,
      );
    if (channels.has(stain)) throw new CommandError(`--channels: ${stain} is given twice`, exitCodes.usage);
    channels.set(stain, channel!);
  }
  return Object.fromEntries(channels);
}

/** The encoder, and how a table names it. */
async function readEncoder(named: string, { env, stderr }: CommandContext) {
  const { loadAs } = await import("@proteoscope/models");
  const { hashFile } = await import("@proteoscope/models/node");
  const { folder, options, path } = await openCheckpoint(named, env);
  const onNotice = (notice: string): void => printLines(stderr, notice);
  const loading = loadAs("subcell", folder, { ...options, onNotice });
  const encoder = await sayWhenSlow(stderr, `reading the weights of ${named}`, loading);
  const { stains, numClassifiers: classifiers } = encoder.config;
  const sha256 = options.file === undefined ? null : await hashFile(path);
  return { encoder, model: { name: basename(path), sha256, stains, classifiers } };
}

interface ReadOptions {
  readonly channels: Channels | undefined;
  readonly pixelSizeMicrons: number | undefined;
  readonly signal: AbortSignal;
}

async function* readCells(
  paths: readonly string[],
  config: SubcellConfig,
  options: ReadOptions,
): AsyncGenerator<CellImage | CellImageError> {
  const { CellImageError } = await import("@proteoscope/microscope/experiments");
  for (const path of paths)
    yield await readCell(path, config, options).catch((error: unknown) => {
      options.signal.throwIfAborted();
      if (error instanceof CellImageError) return error;
      if (error instanceof ImageSelectionError) return new CellImageError(path, error.message);
      if (!(error instanceof ProteoscopeError || error instanceof FormatError)) throw error;
      return new CellImageError(path, describeFailure(error).message.replace(`${path}: `, ""));
    });
}

async function readCell(
  path: string,
  { stains }: SubcellConfig,
  { channels, pixelSizeMicrons, signal }: ReadOptions,
): Promise<CellImage> {
  const { stack } = await openImageFile(path, { signal });
  const { CellImageError } = await import("@proteoscope/microscope/experiments");
  if (channels === undefined && stack.sizeC !== stains.length)
    throw new CellImageError(
      path,
      `has ${stack.sizeC} channels, the encoder takes ${stains.join(", ")}: say which they are (--channels ${stains.map((stain, index) => `${stain}=${index}`).join(",")})`,
    );
  const planes: Partial<Record<SubcellStain, Float32Array>> = {};
  for (const [index, stain] of stains.entries()) {
    const channel = channels === undefined ? index : channels[stain];
    if (channel === undefined)
      throw new CommandError(
        `--channels says no channel for ${stain}, which the encoder takes`,
        exitCodes.usage,
      );
    planes[stain] = (await selectPlane(stack, { channel, signal })).values;
  }
  const { width, height } = stack;
  return { id: path, width, height, planes, pixelSizeMicrons: pixelSizeMicrons ?? stack.pixelSizeMicrons };
}

function csvOf(rows: readonly LocalizedImage[], { withHeader = true } = {}): string {
  const table = rows.map(
    ({ id, location = "", probabilities = {} }): Record<string, string> => ({
      ...{ image: id, location },
      ...Object.fromEntries(Object.entries(probabilities).map(([name, p]) => [name, p.toFixed(4)])),
    }),
  );
  const names = Object.keys(table[0]!);
  const text = writeCsv(table, names);
  return withHeader ? text : text.slice(writeCsv([], names).length);
}

/** The embeddings as one tensor, with the pictures' names and the encoder in the metadata. */
function embeddingFile(rows: readonly LocalizedImage[], model: object): Uint8Array {
  const width = rows[0]!.embedding.length;
  const data = new Float32Array(rows.length * width);
  for (const [index, { embedding }] of rows.entries()) data.set(embedding, index * width);
  const names = rows.map(({ id }) => id);
  return writeSafetensors(new Map([["embedding", { dtype: "float32", shape: [rows.length, width], data }]]), {
    images: JSON.stringify(names),
    model: JSON.stringify(model),
  });
}
