// `proteoscope sweep`: the same proteins around the same nucleus from the same noise, generated with several weights of
// classifier-free guidance. One picture, a row per protein and a column per weight, and what the image classifier
// recognises in each.
import { writePng } from "@proteoscope/formats";
import { compositeCell, type Tile, tileImages } from "@proteoscope/imaging";
import {
  formatProbability,
  mostProbable,
  mostSteps,
  openMicroscope,
  readModel,
  samplerNames,
} from "@proteoscope/microscope";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger, parseNumber } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { checkOutputFile, writeFileAtomic } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { startProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { type NamedProtein, resolveProteins } from "../proteins.ts";
import { modelArgs } from "./arguments/model-argument.ts";
import { proteinArgs, proteinInputs } from "./arguments/protein-arguments.ts";

const sweepArgs = {
  protein: proteinArgs.protein,
  organism: proteinArgs.organism,
  guidance: {
    type: "string",
    valueHint: "list",
    default: "0,1,2,3,4",
    description: "Weights of classifier-free guidance: 0 is without the sequence, 1 as trained",
  },
  steps: { type: "string", valueHint: "number", default: "50", description: "Sampling steps" },
  sampler: { type: "enum", options: [...samplerNames], default: "ddim", description: "Sampling method" },
  ...modelArgs,
  output: {
    type: "string",
    alias: "o",
    valueHint: "file",
    default: "guidance_synthetic.png",
    description: "PNG file",
  },
} as const satisfies ArgsDef;

type SweepArguments = ParsedArgs<typeof sweepArgs & typeof sharedArgs>;

/** One generated image: a tile of the picture. */
interface Drawing {
  readonly id: string;
  readonly guidance: number;
  /** Probability of each compartment by the image classifier. */
  readonly seen: Readonly<Record<string, number>>;
  readonly tile: Tile;
}

export const sweepCommand = defineCommand({
  name: "sweep",
  description: "Generate proteins with several weights of classifier-free guidance, as one picture",
  args: sweepArgs,
  takesMany: true,
  examples: [
    "proteoscope sweep FBL TOMM20 -o guidance.png",
    "proteoscope sweep FBL --guidance 1,2,4,8 --steps 15 --sampler dpm++ --json",
  ],
  async run(args, context) {
    const { stdout } = context;
    const options = {
      weights: args.guidance
        .split(",")
        .map((word) => parseNumber("guidance", word.trim(), { min: 0, max: 100 })),
      seed: parseInteger("seed", args.seed),
      steps: parseInteger("steps", args.steps, { min: 1 }),
    };
    await checkOutputFile(args.output, proteinInputs(args, context));
    const { proteins } = await resolveProteins(args._, context, {
      ...{ strict: true, model: args.model, organism: args.organism },
    });
    const drawings = await drawAll(args, proteins, options, context);
    await writeFileAtomic(args.output, encodePicture(drawings, options.weights.length), context);
    const shown = drawings.map(({ id, guidance, seen }) => ({ id, guidance, seen }));
    if (args.json) printJson(stdout, { output: args.output, drawings: shown });
    else printLines(stdout, ...shown.map(describeDrawing));
    return undefined;
  },
});

/** All drawings, protein by protein. */
async function drawAll(
  args: SweepArguments,
  proteins: readonly NamedProtein[],
  { weights, seed, steps }: { weights: readonly number[]; seed: number; steps: number },
  { stderr, env, signal }: CommandContext,
): Promise<Drawing[]> {
  const folder = await openModel(args.model, env);
  const { readNuclei } = await import("../nuclei.ts");
  const [nucleus] = await readNuclei(folder, { seed });
  const total = proteins.length * weights.length;
  const progress = startProgress("sweep", total, { stream: stderr, unit: "images" });
  const draw = withRuntime(args.device, async (runtime) => {
    const model = await readModel(folder);
    const most = mostSteps(model, args.sampler);
    if (steps > most)
      throw new CommandError(`--steps is at most ${most} for ${args.sampler}`, exitCodes.usage);
    const microscope = openMicroscope(runtime, model);
    const drawings: Drawing[] = [];
    for (const { id, gene, sequence } of proteins) {
      const protein = await microscope.encode(sequence, { gene });
      for (const guidance of weights) {
        const settings = { samples: 1, sampler: args.sampler, seed, steps, guidance, signal };
        const generated = await microscope.generate(protein, nucleus!, settings);
        const { height, width, images, compartments } = generated;
        const channels = { nucleus: nucleus!.nucleus, protein: images.subarray(0, height * width) };
        const label = `${id} x${guidance}`;
        const tile = { image: compositeCell(channels, { height, width }), label, synthetic: true };
        drawings.push({ id, guidance, seen: compartments, tile });
        progress.update(drawings.length, label);
      }
    }
    return drawings;
  });
  return draw.finally(progress.close);
}

/** A PNG with a row per protein. */
function encodePicture(drawings: readonly Drawing[], columns: number): Uint8Array {
  const tiles = drawings.map(({ tile }) => tile);
  const rows = Array.from({ length: tiles.length / columns }, (_, row) =>
    tiles.slice(row * columns, (row + 1) * columns),
  );
  const { width, height, data } = tileImages(rows, { scale: 2 });
  const text = { Software: "proteoscope", synthetic: "true" };
  return writePng({ width, height, channels: 3, depth: 8, data, text });
}

function describeDrawing({ id, guidance, seen }: Omit<Drawing, "tile">): string {
  const name = mostProbable(seen);
  return `${id}  guidance ${guidance}  ${name} ${formatProbability(seen[name]!)}`;
}
