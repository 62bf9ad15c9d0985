// `proteoscope generate`: images of proteins in cells, from their sequences and a picture of nuclei.
// All files of a run appear together when it is done, or none.
import { createHash } from "node:crypto";
import {
  type CompartmentProbabilities,
  type Drawing,
  type DrawOptions,
  type Microscope,
  mostSteps,
  openMicroscope,
  type ReadProtein,
  readModel,
  type SamplerName,
  samplerNames,
} from "@proteoscope/microscope";
import { parseInteger, parseNumber } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import {
  type DrawingFormat,
  type DrawnCell,
  drawingFormats,
  drawSheet,
  writeDrawing,
} from "../drawing-files.ts";
import { CommandError, exitCodes } from "../errors.ts";
import { findModelFolder, withModel } from "../model-folder.ts";
import { type ChosenNucleus, chooseNuclei } from "../nuclei.ts";
import { type OutputFolder, withOutputFolder } from "../output.ts";
import { packageVersion } from "../package-files.ts";
import { type Progress, startProgress } from "../progress.ts";
import { type NamedProtein, resolveProteins } from "../proteins.ts";
import { readStdin } from "../read-stdin.ts";
import { detectColorDepth, renderTerminalImage } from "../terminal-image.ts";

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
      options: [...samplerNames],
      default: "ddim",
      description: "Sampling method",
    },
    guidance: { type: "string", valueHint: "number", default: "3", description: "Weight of the sequence" },
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
    const proteins = await resolveProteins(args._, () => readStdin(stdin, signal));
    const folder = await findModelFolder(args.model);
    const nuclei = await chooseNuclei(folder, asked);
    const depth = args.json ? undefined : detectColorDepth(stdout, env);
    const work = proteins.flatMap((protein) => nuclei.map((nucleus) => ({ protein, nucleus })));
    const drawAll = async (microscope: Microscope, output: OutputFolder): Promise<Summary[]> => {
      const most = mostSteps(microscope.model, settings.sampler);
      if (settings.steps > most)
        throw new CommandError(
          `--steps is at most ${most} for ${settings.sampler}, got ${settings.steps}`,
          exitCodes.usage,
        );
      let progress: Progress | undefined;
      const summaries: Summary[] = [];
      try {
        let read: ReadProtein | undefined;
        for (const [index, { protein, nucleus }] of work.entries()) {
          signal.throwIfAborted();
          if (read?.sequence !== protein.sequence) read = await microscope.read(protein.sequence);
          const onStep = (done: number, total: number): void => {
            progress ??= startProgress("generate", work.length * total, { stream: stderr });
            progress.update(index * total + done, protein.id);
          };
          const drawing = await microscope.draw(read, nucleus.distance, { ...settings, signal, onStep });
          const cell = describeCell(microscope, { protein, read, nucleus, drawing, settings });
          summaries.push(await writeCell(output, cell, formats));
          if (depth !== undefined)
            stdout.write(renderTerminalImage(drawSheet(cell), { columns: stdout.columns ?? 80, depth }));
        }
      } finally {
        progress?.close();
      }
      return summaries;
    };
    const summaries = await withOutputFolder(
      args.output,
      (output) =>
        withModel(
          args.device,
          () => readModel(folder),
          openMicroscope,
          (microscope) => drawAll(microscope, output),
        ),
      { signal },
    );
    stdout.write(
      args.json
        ? `${JSON.stringify({ output: args.output, proteins: summaries }, null, 2)}\n`
        : describe(summaries, args.output),
    );
    return undefined;
  },
});

type Settings = Required<Omit<DrawOptions, "signal" | "onStep">>;

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

interface Work {
  readonly protein: NamedProtein;
  readonly read: ReadProtein;
  readonly nucleus: ChosenNucleus;
  readonly drawing: Drawing;
  readonly settings: Settings;
}

function describeCell({ model }: Microscope, { protein, read, nucleus, drawing, settings }: Work): DrawnCell {
  const { omitted } = read.window;
  const provenance = {
    synthetic: true,
    software: { proteoscope: packageVersion(), node: process.version },
    model: { name: model.name, sha256: model.checksums },
    protein: {
      id: protein.id,
      description: protein.description,
      source: protein.source,
      residues: protein.sequence.length,
      sha256: createHash("sha256").update(protein.sequence).digest("hex"),
      shown: read.window.sequence.length,
      omitted: omitted === undefined ? null : { first: omitted.begin + 1, last: omitted.end },
    },
    nucleus: nucleus.origin,
    settings,
    compartments: {
      fromSequence: read.compartments,
      seenInImages: drawing.compartments,
      seenInEachSample: drawing.seen,
    },
    agreement: {
      value: drawing.agreement,
      meaning: "mean pairwise correlation of the samples inside the cell, 0 to 1; agreement, not correctness",
      medoidSample: drawing.medoid,
    },
  };
  const name = nucleus.label === "" ? protein.id : `${protein.id}_${nucleus.label}`;
  return { name, drawing, nucleus: nucleus.nucleus, pixelSizeMicrons: nucleus.pixelSizeMicrons, provenance };
}

interface Summary {
  readonly name: string;
  readonly files: readonly string[];
  readonly provenance: DrawnCell["provenance"];
  readonly fromSequence: string;
  readonly seenInImages: string;
  readonly agreement: number | null;
}

async function writeCell(
  output: OutputFolder,
  cell: DrawnCell,
  formats: readonly DrawingFormat[],
): Promise<Summary> {
  const files = await writeDrawing(output, cell, formats);
  const record = `${cell.name}_provenance.json`;
  await output.write(record, `${JSON.stringify(cell.provenance, null, 2)}\n`);
  const { compartments } = cell.provenance as {
    compartments: Record<"fromSequence" | "seenInImages", CompartmentProbabilities>;
  };
  return {
    name: cell.name,
    files: [...files, record],
    provenance: cell.provenance,
    fromSequence: mostLikely(compartments.fromSequence),
    seenInImages: mostLikely(compartments.seenInImages),
    agreement: cell.drawing.agreement,
  };
}

function mostLikely(compartments: CompartmentProbabilities): string {
  const best = Object.entries(compartments).sort(([, a], [, b]) => b - a);
  return best
    .slice(0, 2)
    .map(([name, p]) => `${name} ${(100 * p).toFixed(0)} %`)
    .join(", ");
}

function describe(summaries: readonly Summary[], output: string): string {
  const lines = summaries.flatMap(({ name, fromSequence, seenInImages, agreement }) => [
    name,
    `  from the sequence   ${fromSequence}`,
    `  seen in the images  ${seenInImages}`,
    ...(agreement === null
      ? []
      : [`  samples agree       ${agreement.toFixed(2)} (0 to 1; agreement, not correctness)`]),
  ]);
  const count = summaries.reduce((sum, { files }) => sum + files.length, 0);
  return `${lines.join("\n")}\n${count} files in ${output} (synthetic images: hypotheses, not observations)\n`;
}
