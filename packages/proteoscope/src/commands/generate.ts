// `proteoscope generate`: images of proteins in cells, from their sequences and a picture of nuclei.
// The files of a cell or of a field appear together when it is finished.

import type { ZPolicy } from "@proteoscope/formats";
import { detectColorDepth, type RgbImage, renderTerminalImage } from "@proteoscope/imaging";
import {
  chooseWholeNuclei,
  type GenerateRequest,
  generateDefaults,
  type ImageFormat,
  imageFormats,
  samplerNames,
} from "@proteoscope/microscope";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseChannel, parseInteger, parseNumber } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { describeCells } from "../describe-cells.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { packageVersion } from "../package-files.ts";
import type { NamedProtein } from "../proteins.ts";
import type { WrittenCell } from "../write-cells.ts";
import {
  listRefused,
  proteinArgs,
  proteinInputs,
  readProteinArguments,
} from "./arguments/protein-arguments.ts";
import { parseStains, stainArg } from "./arguments/stain-arguments.ts";
import { isCellDiff } from "./cell-diff-model.ts";
import type { CellDiffCommand } from "./generate-cell-diff.ts";

const generateArgs = {
  ...proteinArgs,
  nucleus: {
    type: "string",
    valueHint: "image",
    description: "TIFF, PNG, npy or OME-Zarr folder, or library:7; the nucleus of the seed when absent",
  },
  "nucleus-channel": {
    type: "string",
    valueHint: "channel",
    description: "Channel of the nuclei: its number from 0 or its name",
  },
  "nucleus-z": {
    type: "string",
    valueHint: "plane",
    description: "Plane of z: sharpest (default), maximum (projection) or its number from 0",
  },
  "nucleus-time": {
    type: "string",
    valueHint: "number",
    description: "Time point of the image, from 0 (default)",
  },
  "nucleus-series": {
    type: "string",
    valueHint: "number",
    description: "Image of a file of several, from 0 (default)",
  },
  "pixel-size": {
    type: "string",
    valueHint: "microns",
    description: "Pixel size of the image; what the file says when absent",
  },
  "max-nuclei": {
    type: "string",
    valueHint: "number",
    description: "Largest number of nuclei that are taken from the image",
  },
  stain: stainArg,
  crops: {
    type: "boolean",
    description: "Write each cell of an image of several nuclei as a single crop as well",
  },
  samples: {
    type: "string",
    valueHint: "number",
    description: `Images per protein and nucleus; ${generateDefaults.samples} when absent, 1 for an image of several nuclei`,
  },
  steps: {
    type: "string",
    valueHint: "number",
    description: `Sampling steps; ${generateDefaults.steps} when absent, 100 for CELL-Diff`,
  },
  sampler: {
    type: "enum",
    options: [...samplerNames],
    default: generateDefaults.sampler,
    description: "Sampling method",
  },
  guidance: {
    type: "string",
    valueHint: "number",
    default: String(generateDefaults.guidance),
    description: "Weight of classifier-free guidance",
  },
  gene: {
    type: "string",
    valueHint: "symbol",
    description:
      "Gene of the protein, for a model with tables of genes; by default that of the example or the FASTA header",
  },
  "cell-line": {
    type: "string",
    valueHint: "name",
    description: "Cell line, for a model that was trained with them",
  },
  expression: {
    type: "string",
    valueHint: "level",
    description:
      "Expression level, for a model that was trained with them; by default the level of the gene in the model's table",
  },
  model: {
    type: "string",
    valueHint: "model",
    description:
      "Model folder; cell-diff or cell-diff-opencell for the weights of CELL-Diff, or their file; the shipped model when absent",
  },
  output: {
    type: "string",
    alias: "o",
    valueHint: "folder",
    default: "proteoscope-out",
    description: "Output folder",
  },
  format: {
    type: "string",
    valueHint: "list",
    default: "png,ome-tiff",
    description: `Any of ${imageFormats.join(", ")}`,
  },
} as const satisfies ArgsDef;

type GenerateArguments = ParsedArgs<typeof generateArgs & typeof sharedArgs>;

export const generateCommand = defineCommand({
  name: "generate",
  description: "Generate images of proteins in cells, from sequences and a picture of nuclei",
  args: generateArgs,
  takesMany: true,
  repeated: ["stain"],
  savesAtInterrupt: true,
  notes: [
    "A gene symbol or an accession names one of the model's annotated proteins, about 8,000 of them human. A protein whose",
    "sequence is annotated is known: its images show its main annotated compartments in their proportions, and what is",
    "predicted from the sequence alone stands beside them.",
    "An image of several nuclei gives one picture of the field with the protein in every cell, an overview and a table",
    "of nuclei (docs/own-nuclei.md). The files of a protein and nucleus, or of a protein in a field, appear together and",
    "stay whatever ends the run; of a field that is not finished, the cells that are. With --strict those of the whole run",
    "appear together or not at all. What a kill cuts short, the next run into the same folder completes or removes.",
    "For thousands of proteins `proteoscope screen` goes on where it was ended.",
  ],
  examples: [
    "proteoscope generate FBL",
    "proteoscope generate Q9Y5B9 --organism human --samples 1",
    "proteoscope generate proteins.fasta --nucleus dapi.tif --pixel-size 0.2 -o images",
    "proteoscope generate FBL --nucleus field.ome.tif --crops --format png,ome-zarr",
    "proteoscope generate HSPA5 --model MODEL --nucleus dapi.tif --stain er=er.tif --stain microtubules=tubulin.tif",
    "proteoscope generate HSPA5 --model cell-diff --nucleus dapi.tif --stain er=er.tif --max-nuclei 1",
    "proteoscope generate TOMM20 --samples 1 --steps 15 --sampler dpm++",
  ],
  async run(args, context) {
    const options = parseOptions(args);
    checkNucleusOptions(args);
    const withCellDiff = await isCellDiff(args.model);
    // Genes are known by name to the shipped model alone.
    const named = withCellDiff ? { ...args, model: undefined } : args;
    const { proteins, refused } = await readProteinArguments(named, context);
    if (args.gene !== undefined && proteins.length > 1)
      throw new CommandError("--gene names one protein: give one, or GN= in the headers", exitCodes.usage);
    const { stdout } = context;
    if (proteins.length > 0 && withCellDiff) {
      const { describeCellDiffCells, writeWithCellDiff } = await import("./generate-cell-diff.ts");
      const written = await writeWithCellDiff(cellDiffCommand(args, proteins, options, context), context);
      if (args.json)
        printJson(stdout, { output: args.output, proteins: written, refused: listRefused(refused) });
      else printLines(stdout, ...describeCellDiffCells(written, args.output));
      return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
    }
    const cells = proteins.length === 0 ? [] : await writeAll(args, proteins, options, context);
    if (args.json) printJson(stdout, { output: args.output, proteins: cells, refused: listRefused(refused) });
    else if (cells.length > 0) printLines(stdout, ...describeCells(cells, args.output));
    return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
  },
});

/** Steps as CELL-Diff was released. */
const cellDiffSteps = 100;

/** What CELL-Diff is asked for; settings of our own sampler are refused. @throws CommandError (usage). */
function cellDiffCommand(
  args: GenerateArguments,
  proteins: readonly NamedProtein[],
  { formats, nuclei, maxNuclei, settings }: ReturnType<typeof parseOptions>,
  context: CommandContext,
): CellDiffCommand {
  const isOurs =
    args.sampler !== generateDefaults.sampler || args.guidance !== String(generateDefaults.guidance);
  if (isOurs || args["cell-line"] !== undefined || args.expression !== undefined)
    throw new CommandError(
      "--sampler, --guidance, --cell-line and --expression are not for CELL-Diff, which has DDIM alone",
      exitCodes.usage,
    );
  const { nucleus, output } = args;
  const steps = args.steps === undefined ? cellDiffSteps : settings.steps;
  const samples = args.samples === undefined ? 1 : settings.samples;
  const pictures = nucleus === undefined ? [] : [nucleus, ...nuclei.stains.map(({ path }) => path)];
  return {
    ...{ model: args.model!, device: args.device, proteins, nucleus, nuclei, maxNuclei, formats, output },
    ...{ settings: { samples, steps, seed: settings.seed }, strict: args.strict === true },
    inputs: [...proteinInputs(args, context), ...pictures],
  };
}

async function writeAll(
  args: GenerateArguments,
  proteins: readonly NamedProtein[],
  { formats, nuclei, maxNuclei, settings, known }: ReturnType<typeof parseOptions>,
  context: CommandContext,
): Promise<WrittenCell[]> {
  const { stdout, stderr, env, signal } = context;
  const { gene, output } = args;
  const { image: nucleus, library } = parseNucleus(args);
  const folder = await openModel(args.model, env);
  const depth = args.json ? undefined : detectColorDepth(stdout, env);
  const show = (sheet: RgbImage): void =>
    void stdout.write(renderTerminalImage(sheet, { columns: stdout.columns ?? 80, depth: depth! }));
  const progress = showProgress(stderr);
  const work = withRuntime(args.device, async (runtime) => {
    const { readNuclei, readNucleusField } = await import("../nuclei.ts");
    const { writeCells, writeFields } = await import("../write-cells.ts");
    const shared: Omit<GenerateRequest, "nuclei"> = {
      proteins: gene === undefined ? proteins : proteins.map((protein) => ({ ...protein, gene })),
      ...{ settings, context: known, software: { proteoscope: packageVersion(), node: process.version } },
    };
    const writing = {
      ...{ signal, onProgress: progress.show, formats, output, strict: args.strict === true },
      inputs: [
        ...proteinInputs(args, context),
        ...(nucleus === undefined ? [] : [nucleus, ...nuclei.stains.map(({ path }) => path)]),
      ],
      show: depth === undefined ? undefined : show,
    };
    if (nucleus === undefined)
      return writeCells(
        runtime,
        folder,
        { ...shared, nuclei: await readNuclei(folder, { seed: library ?? settings.seed }) },
        writing,
      );
    const onSegmented = (fraction: number) =>
      progress.show({
        phase: "segment",
        unit: "%",
        done: Math.round(100 * fraction),
        total: 100,
        note: nucleus,
      });
    const field = await readNucleusField(folder, nucleus, { ...nuclei, signal, onSegmented });
    if (field.choice !== undefined) printLines(stderr, `${nucleus}: ${field.choice}`);
    const count = Math.min(maxNuclei ?? Number.POSITIVE_INFINITY, field.wholeNuclei);
    if (count === 1)
      return writeCells(runtime, folder, { ...shared, nuclei: chooseWholeNuclei(field, 1) }, writing);
    const fieldSettings = { ...settings, samples: args.samples === undefined ? 1 : settings.samples };
    const request = { ...shared, settings: fieldSettings, field, maxNuclei, withCrops: args.crops === true };
    return writeFields(runtime, folder, request, writing);
  });
  return work.finally(progress.close);
}

/** What the options say, checked before anything is read. @throws CommandError (usage). */
function parseOptions(args: GenerateArguments) {
  const optional = <T>(text: string | undefined, parse: (text: string) => T) =>
    text === undefined ? undefined : parse(text);
  return {
    settings: {
      samples:
        optional(args.samples, (text) => parseInteger("samples", text, { min: 1, max: 256 })) ??
        generateDefaults.samples,
      steps:
        optional(args.steps, (text) => parseInteger("steps", text, { min: 1 })) ?? generateDefaults.steps,
      sampler: args.sampler,
      guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
      seed: parseInteger("seed", args.seed),
    },
    formats: parseFormats(args.format),
    nuclei: {
      nucleusSeries: optional(args["nucleus-series"], (text) => parseInteger("nucleus-series", text)),
      nucleusChannel: optional(args["nucleus-channel"], (text) => parseChannel("nucleus-channel", text)),
      nucleusZ: optional(args["nucleus-z"], parseZPolicy),
      nucleusTime: optional(args["nucleus-time"], (text) => parseInteger("nucleus-time", text)),
      pixelSizeMicrons: optional(args["pixel-size"], (text) => parseNumber("pixel-size", text)),
      stains: parseStains(args.stain, parseNucleus(args).image),
    },
    maxNuclei: optional(args["max-nuclei"], (text) => parseInteger("max-nuclei", text, { min: 1 })),
    known: {
      cellLine: args["cell-line"],
      expression: optional(args.expression, (text) => parseNumber("expression", text)),
    },
  };
}

const imageOptions = [
  "nucleus-channel",
  "nucleus-z",
  "nucleus-time",
  "nucleus-series",
  "pixel-size",
  "max-nuclei",
  "crops",
] as const;

/** @throws CommandError (usage) for an option of the picture of nuclei where there is no picture. */
function checkNucleusOptions(args: GenerateArguments): void {
  if (parseNucleus(args).image !== undefined) return;
  const given = imageOptions.filter((name) => args[name] !== undefined).map((name) => `--${name}`);
  if (given.length === 0) return;
  const verb = given.length === 1 ? "says" : "say";
  throw new CommandError(
    `${given.join(", ")} ${verb} how a picture of nuclei is read: give one with --nucleus`,
    exitCodes.usage,
  );
}

/** The picture of nuclei, or the number of one of the library. */
function parseNucleus({ nucleus }: Pick<GenerateArguments, "nucleus">) {
  const number = nucleus === undefined ? undefined : /^library:(\d+)$/.exec(nucleus)?.[1];
  return number === undefined ? { image: nucleus } : { library: Number(number) };
}

function parseFormats(list: string): ImageFormat[] {
  return list.split(",").map((name) => {
    const format = imageFormats.find((known) => known === name.trim());
    if (format !== undefined) return format;
    throw new CommandError(`--format knows ${imageFormats.join(", ")}, got "${name}"`, exitCodes.usage);
  });
}

function parseZPolicy(text: string): ZPolicy {
  if (text === "sharpest" || text === "maximum") return text;
  if (/^\d+$/.test(text)) return parseInteger("nucleus-z", text);
  throw new CommandError(
    `--nucleus-z is sharpest, maximum or a number from 0, got "${text}"`,
    exitCodes.usage,
  );
}
