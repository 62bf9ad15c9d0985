// `proteoscope generate`: images of proteins in cells, from their sequences and a picture of nuclei.
// All files of a run appear together when it is done, or none.
import type { RgbImage } from "@proteoscope/imaging";
import { detectColorDepth, renderTerminalImage } from "@proteoscope/imaging";
import type { SamplerName } from "@proteoscope/microscope";
import { parseInteger, parseNumber } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { type DrawingFormat, drawingFormats } from "../drawing-formats.ts";
import { CommandError, exitCodes } from "../errors.ts";
import type { CellSummary, Settings } from "../generate-cells.ts";
import { findModelFolder, withRuntime } from "../model-folder.ts";
import { resolveProteins } from "../proteins.ts";
import { readStdin } from "../read-stdin.ts";

const samplers = ["ddim", "ddpm", "dpm++"] as const satisfies readonly SamplerName[];

export const generateCommand = defineCommand({
  name: "generate",
  description: "Draw proteins in cells: images from sequences and a picture of nuclei",
  args: {
    protein: {
      type: "positional",
      description: "FASTA file, - for standard input, a sequence, or an example protein",
      required: true,
    },
    nucleus: {
      type: "string",
      valueHint: "image",
      description: "TIFF, PNG or npy; a nucleus of the library when absent",
    },
    "nucleus-channel": { type: "string", valueHint: "number", description: "Channel of the nuclei, from 0" },
    "pixel-size": {
      type: "string",
      valueHint: "microns",
      description: "Of the image; what the file says when absent",
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
      options: [...samplers],
      default: "ddim",
      description: "Sampling method",
    },
    guidance: { type: "string", valueHint: "number", default: "3", description: "Weight of the sequence" },
    gene: {
      type: "string",
      valueHint: "symbol",
      description:
        "Of one protein, for a model with tables of genes; else that of the example or the FASTA header",
    },
    "cell-line": { type: "string", valueHint: "name", description: "For a model that was told cell lines" },
    expression: {
      type: "string",
      valueHint: "level",
      description: "For a model that was told levels; what its table says of the gene when absent",
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
      description: `Of ${drawingFormats.join(", ")}`,
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
    const optionalInteger = (option: "nucleus-channel" | "max-nuclei", min: number) =>
      args[option] === undefined ? undefined : parseInteger(option, args[option], { min });
    const pixelSize = args["pixel-size"];
    const asked = {
      image: args.nucleus,
      channel: optionalInteger("nucleus-channel", 0),
      pixelSizeMicrons: pixelSize === undefined ? undefined : parseNumber("pixel-size", pixelSize),
      most: optionalInteger("max-nuclei", 1),
      seed: settings.seed,
    };
    const resolved = await resolveProteins(args._, () => readStdin(stdin, signal));
    const { gene, expression } = args;
    if (gene !== undefined && resolved.length > 1)
      throw new CommandError("--gene is of one protein: give one, or GN= in the headers", exitCodes.usage);
    const proteins = gene === undefined ? resolved : resolved.map((protein) => ({ ...protein, gene }));
    const context = {
      cellLine: args["cell-line"],
      expression: expression === undefined ? undefined : parseNumber("expression", expression),
    };
    const folder = await findModelFolder(args.model, env);
    const depth = args.json ? undefined : detectColorDepth(stdout, env);
    const show = (sheet: RgbImage): void =>
      void stdout.write(renderTerminalImage(sheet, { columns: stdout.columns ?? 80, depth: depth! }));
    const summaries = await withRuntime(args.device, async (runtime) => {
      const { generateCells } = await import("../generate-cells.ts");
      const request = { proteins, context, nuclei: asked, settings, formats, output: args.output };
      return generateCells(runtime, folder, request, {
        ...{ signal, stderr },
        show: depth === undefined ? undefined : show,
      });
    });
    stdout.write(
      args.json
        ? `${JSON.stringify({ output: args.output, proteins: summaries }, null, 2)}\n`
        : describe(summaries, args.output),
    );
    return undefined;
  },
});

function parseSettings(
  args: Record<"samples" | "steps" | "guidance" | "seed", string> & { sampler: SamplerName },
): Settings {
  return {
    samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
    steps: parseInteger("steps", args.steps, { min: 1 }),
    sampler: args.sampler,
    guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
    seed: parseInteger("seed", args.seed),
  };
}

function parseFormats(list: string): DrawingFormat[] {
  return list.split(",").map((name) => {
    const format = drawingFormats.find((known) => known === name.trim());
    if (format !== undefined) return format;
    throw new CommandError(`--format knows ${drawingFormats.join(", ")}, got "${name}"`, exitCodes.usage);
  });
}

function describe(summaries: readonly CellSummary[], output: string): string {
  const lines = summaries.flatMap((cell) => {
    const { nearestHomolog: nearest, targetCompartments, agreement } = cell;
    return [
      cell.name,
      `  from the sequence   ${cell.fromSequence}`,
      ...(nearest === null
        ? []
        : [`  nearest relative    ${nearest.toFixed(2)} alike${nearest > 0.99 ? ": known" : ""}`]),
      ...(targetCompartments === null ? [] : [`  drawn as            ${targetCompartments}`]),
      `  seen in the images  ${cell.seenInImages}`,
      ...(agreement === null
        ? []
        : [`  samples agree       ${agreement.toFixed(2)} (0 to 1; agreement, not correctness)`]),
    ];
  });
  const count = summaries.reduce((sum, { files }) => sum + files.length, 0);
  return `${lines.join("\n")}\n${count} files in ${output} (synthetic images: hypotheses, not observations)\n`;
}
