// `proteoscope generate`: images of proteins in cells, from their sequences and a picture of nuclei.
// All files of a run appear together when it is done, or none.

import type { ZPolicy } from "@proteoscope/formats";
import type { RgbImage } from "@proteoscope/imaging";
import { detectColorDepth, renderTerminalImage } from "@proteoscope/imaging";
import {
  type GenerateSettings,
  type ImageFormat,
  imageFormats,
  type SamplerName,
  samplerNames,
} from "@proteoscope/microscope";
import { parseInteger, parseNumber } from "../cli/arguments.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { showProgress } from "../cli/progress.ts";
import { readStdin } from "../cli/read-stdin.ts";
import { describeCells } from "../describe-cells.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { packageVersion } from "../package-files.ts";
import { resolveProteins } from "../proteins.ts";

export const generateCommand = defineCommand({
  name: "generate",
  description: "Generate images of proteins in cells, from sequences and a picture of nuclei",
  args: {
    protein: {
      type: "positional",
      description: "FASTA file, - for standard input, a sequence, or an example protein",
      required: true,
    },
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
      default: "sharpest",
      description: "Plane of z: sharpest, maximum (projection) or its number from 0",
    },
    "nucleus-time": {
      type: "string",
      valueHint: "number",
      default: "0",
      description: "Time point of the image, from 0",
    },
    "pixel-size": {
      type: "string",
      valueHint: "microns",
      description: "Pixel size of the image; what the file says when absent",
    },
    "max-nuclei": { type: "string", valueHint: "number", description: "At most so many nuclei of the image" },
    samples: {
      type: "string",
      valueHint: "number",
      default: "4",
      description: "Images of each protein and nucleus",
    },
    steps: { type: "string", valueHint: "number", default: "50", description: "Sampling steps" },
    sampler: {
      type: "enum",
      options: [...samplerNames],
      default: "ddim",
      description: "Sampling method",
    },
    guidance: {
      type: "string",
      valueHint: "number",
      default: "3",
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
        "Expression level, for a model that was trained with them; by default what its table says of the gene",
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
  },
  takesMany: true,
  examples: [
    "proteoscope generate FBL",
    "proteoscope generate proteins.fasta --nucleus dapi.tif --pixel-size 0.2 -o images",
    "proteoscope generate TOMM20 --samples 1 --steps 15 --sampler dpm++",
  ],
  async run(args, { stdin, stdout, stderr, env, signal }) {
    const settings = parseSettings(args);
    const formats = parseFormats(args.format);
    const pixelSize = args["pixel-size"];
    const maxNuclei = args["max-nuclei"];
    const channel = args["nucleus-channel"];
    const nucleiOptions = {
      image: args.nucleus,
      nucleusChannel: channel === undefined ? undefined : parseChannel(channel),
      nucleusZ: parseZPolicy(args["nucleus-z"]),
      nucleusTime: parseInteger("nucleus-time", args["nucleus-time"]),
      pixelSizeMicrons: pixelSize === undefined ? undefined : parseNumber("pixel-size", pixelSize),
      maxNuclei: maxNuclei === undefined ? undefined : parseInteger("max-nuclei", maxNuclei, { min: 1 }),
      seed: settings.seed,
    };
    const resolved = await resolveProteins(args._, () => readStdin(stdin, signal));
    const { gene, expression } = args;
    if (gene !== undefined && resolved.length > 1)
      throw new CommandError("--gene names one protein: give one, or GN= in the headers", exitCodes.usage);
    const proteins = gene === undefined ? resolved : resolved.map((protein) => ({ ...protein, gene }));
    const context = {
      cellLine: args["cell-line"],
      expression: expression === undefined ? undefined : parseNumber("expression", expression),
    };
    const folder = await openModel(args.model, env);
    const depth = args.json ? undefined : detectColorDepth(stdout, env);
    const show = (sheet: RgbImage): void =>
      void stdout.write(renderTerminalImage(sheet, { columns: stdout.columns ?? 80, depth: depth! }));
    const progress = showProgress(stderr);
    const cells = await withRuntime(args.device, async (runtime) => {
      const { readNuclei } = await import("../nuclei.ts");
      const { writeCells } = await import("../write-cells.ts");
      const software = { proteoscope: packageVersion(), node: process.version };
      const nuclei = await readNuclei(folder, { ...nucleiOptions, signal });
      const choice = nuclei[0]?.choice;
      if (choice !== undefined) stderr.write(`${args.nucleus}: ${choice}\n`);
      const request = { proteins, context, nuclei, settings, software };
      return writeCells(runtime, folder, request, {
        ...{ signal, onProgress: progress.show, formats, output: args.output },
        show: depth === undefined ? undefined : show,
      });
    }).finally(progress.close);
    stdout.write(
      args.json
        ? `${JSON.stringify({ output: args.output, proteins: cells }, null, 2)}\n`
        : describeCells(cells, args.output),
    );
    return undefined;
  },
});

function parseSettings(
  args: Record<"samples" | "steps" | "guidance" | "seed", string> & { sampler: SamplerName },
): GenerateSettings {
  return {
    samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
    steps: parseInteger("steps", args.steps, { min: 1 }),
    sampler: args.sampler,
    guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
    seed: parseInteger("seed", args.seed),
  };
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

function parseFormats(list: string): ImageFormat[] {
  return list.split(",").map((name) => {
    const format = imageFormats.find((known) => known === name.trim());
    if (format !== undefined) return format;
    throw new CommandError(`--format knows ${imageFormats.join(", ")}, got "${name}"`, exitCodes.usage);
  });
}
