// `proteoscope generate`: images of proteins in cells, from their sequences and a picture of nuclei.
// The files of a cell appear together when it is done; with --strict those of the whole run, or none.

import type { ZPolicy } from "@proteoscope/formats";
import { detectColorDepth, type RgbImage, renderTerminalImage } from "@proteoscope/imaging";
import {
  type GenerateRequest,
  generateDefaults,
  type ImageFormat,
  imageFormats,
  samplerNames,
} from "@proteoscope/microscope";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger, parseNumber } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { describeCells } from "../describe-cells.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { packageVersion } from "../package-files.ts";
import type { NamedProtein } from "../proteins.ts";
import type { WrittenCell } from "../write-cells.ts";
import { listRefused, proteinArgs, proteinInputs, readProteinArguments } from "./protein-arguments.ts";

const generateArgs = {
  ...proteinArgs,
  nucleus: {
    type: "string",
    valueHint: "image",
    description: "TIFF, PNG, npy or OME-Zarr folder; a nucleus of the library when absent",
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
  samples: {
    type: "string",
    valueHint: "number",
    default: String(generateDefaults.samples),
    description: "Images per protein and nucleus",
  },
  steps: {
    type: "string",
    valueHint: "number",
    default: String(generateDefaults.steps),
    description: "Sampling steps",
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
  model: { type: "string", valueHint: "folder", description: "Model folder; the shipped one when absent" },
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
  notes: [
    "A gene symbol or an accession names one of the model's annotated proteins, about 8,000 of them human. A protein whose",
    "sequence is annotated is known: its images show its main annotated compartments in their proportions, and what is",
    "predicted from the sequence alone stands beside them.",
    "The files of a protein and nucleus appear together when all are written, and stay whatever ends the run. With",
    "--strict those of the whole run appear together or not at all. What a kill cuts short, the next run into the same",
    "folder completes or removes. For thousands of proteins `proteoscope screen` goes on where it was ended.",
  ],
  examples: [
    "proteoscope generate FBL",
    "proteoscope generate Q9Y5B9 --organism human --samples 1",
    "proteoscope generate proteins.fasta --nucleus dapi.tif --pixel-size 0.2 -o images",
    "proteoscope generate TOMM20 --samples 1 --steps 15 --sampler dpm++",
  ],
  async run(args, context) {
    const options = parseOptions(args);
    checkNucleusOptions(args);
    const { proteins, refused } = await readProteinArguments(args, context);
    if (args.gene !== undefined && proteins.length > 1)
      throw new CommandError("--gene names one protein: give one, or GN= in the headers", exitCodes.usage);
    const cells = proteins.length === 0 ? [] : await writeAll(args, proteins, options, context);
    const { stdout } = context;
    if (args.json) printJson(stdout, { output: args.output, proteins: cells, refused: listRefused(refused) });
    else if (cells.length > 0) printLines(stdout, ...describeCells(cells, args.output));
    return refused.length > 0 ? exitCodes.badData : exitCodes.ok;
  },
});

async function writeAll(
  args: GenerateArguments,
  proteins: readonly NamedProtein[],
  { formats, nuclei, settings, known }: ReturnType<typeof parseOptions>,
  context: CommandContext,
): Promise<WrittenCell[]> {
  const { stdout, stderr, env, signal } = context;
  const { gene, nucleus, output } = args;
  const folder = await openModel(args.model, env);
  const depth = args.json ? undefined : detectColorDepth(stdout, env);
  const show = (sheet: RgbImage): void =>
    void stdout.write(renderTerminalImage(sheet, { columns: stdout.columns ?? 80, depth: depth! }));
  const progress = showProgress(stderr);
  const write = withRuntime(args.device, async (runtime) => {
    const { readNuclei } = await import("../nuclei.ts");
    const { writeCells } = await import("../write-cells.ts");
    const chosen = await readNuclei(folder, { ...nuclei, signal });
    const choice = chosen[0]?.choice;
    if (choice !== undefined) printLines(stderr, `${nucleus}: ${choice}`);
    const request: GenerateRequest = {
      proteins: gene === undefined ? proteins : proteins.map((protein) => ({ ...protein, gene })),
      nuclei: chosen,
      ...{ settings, context: known, software: { proteoscope: packageVersion(), node: process.version } },
    };
    return writeCells(runtime, folder, request, {
      ...{ signal, onProgress: progress.show, formats, output, strict: args.strict === true },
      inputs: [...proteinInputs(args, context), ...(nucleus === undefined ? [] : [nucleus])],
      show: depth === undefined ? undefined : show,
    });
  });
  return write.finally(progress.close);
}

/** What the options say, checked before anything is read. @throws CommandError (usage). */
function parseOptions(args: GenerateArguments) {
  const optional = <T>(text: string | undefined, parse: (text: string) => T) =>
    text === undefined ? undefined : parse(text);
  const seed = parseInteger("seed", args.seed);
  return {
    settings: {
      samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
      steps: parseInteger("steps", args.steps, { min: 1 }),
      sampler: args.sampler,
      guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
      seed,
    },
    formats: parseFormats(args.format),
    nuclei: {
      image: args.nucleus,
      nucleusChannel: optional(args["nucleus-channel"], parseChannel),
      nucleusZ: optional(args["nucleus-z"], parseZPolicy),
      nucleusTime: optional(args["nucleus-time"], (text) => parseInteger("nucleus-time", text)),
      pixelSizeMicrons: optional(args["pixel-size"], (text) => parseNumber("pixel-size", text)),
      maxNuclei: optional(args["max-nuclei"], (text) => parseInteger("max-nuclei", text, { min: 1 })),
      seed,
    },
    known: {
      cellLine: args["cell-line"],
      expression: optional(args.expression, (text) => parseNumber("expression", text)),
    },
  };
}

const imageOptions = ["nucleus-channel", "nucleus-z", "nucleus-time", "pixel-size", "max-nuclei"] as const;

/** @throws CommandError (usage) for an option of the picture of nuclei where there is no picture. */
function checkNucleusOptions(args: GenerateArguments): void {
  if (args.nucleus !== undefined) return;
  const given = imageOptions.filter((name) => args[name] !== undefined).map((name) => `--${name}`);
  if (given.length === 0) return;
  const verb = given.length === 1 ? "says" : "say";
  throw new CommandError(
    `${given.join(", ")} ${verb} how a picture of nuclei is read: give one with --nucleus`,
    exitCodes.usage,
  );
}

function parseFormats(list: string): ImageFormat[] {
  return list.split(",").map((name) => {
    const format = imageFormats.find((known) => known === name.trim());
    if (format !== undefined) return format;
    throw new CommandError(`--format knows ${imageFormats.join(", ")}, got "${name}"`, exitCodes.usage);
  });
}

/** A number, or a name; a name of digits alone, such as 488, is found by either. */
function parseChannel(text: string): number | string {
  return /^[+-]?\d+$/.test(text) ? parseInteger("nucleus-channel", text) : text;
}

function parseZPolicy(text: string): ZPolicy {
  if (text === "sharpest" || text === "maximum") return text;
  if (/^\d+$/.test(text)) return parseInteger("nucleus-z", text);
  throw new CommandError(
    `--nucleus-z is sharpest, maximum or a number from 0, got "${text}"`,
    exitCodes.usage,
  );
}
