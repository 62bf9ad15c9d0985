// `proteoscope sweep`: the same proteins around the same nucleus from the same noise, drawn under several weights of the
// sequence. One picture, rows of proteins and columns of weights, and what the image classifier sees in each.
import type { Tile } from "@proteoscope/imaging";
import { parseInteger, parseNumber } from "../cli/arguments.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { writeFileAtomic } from "../cli/output.ts";
import { startProgress } from "../cli/progress.ts";
import { readStdin } from "../cli/read-stdin.ts";
import { openModel, withRuntime } from "../model-folder.ts";
import { resolveProteins } from "../proteins.ts";

const samplers = ["ddim", "ddpm", "dpm++"] as const;

export const sweepCommand = defineCommand({
  name: "sweep",
  description: "Draw proteins under several weights of the sequence, as one picture",
  args: {
    protein: {
      type: "positional",
      description: "FASTA file, - for standard input, a sequence, or an example protein",
      required: true,
    },
    guidance: {
      type: "string",
      valueHint: "list",
      default: "0,1,2,3,4",
      description: "Weights of the sequence: 0 is without it, 1 as trained",
    },
    steps: { type: "string", valueHint: "number", default: "50", description: "Sampling steps" },
    sampler: { type: "enum", options: [...samplers], default: "ddim", description: "Sampling method" },
    model: { type: "string", valueHint: "folder", description: "Model folder; the shipped one when absent" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      default: "guidance_synthetic.png",
      description: "PNG",
    },
  },
  takesMany: true,
  examples: [
    "proteoscope sweep FBL TOMM20 -o guidance.png",
    "proteoscope sweep FBL --guidance 1,2,4,8 --steps 15 --sampler dpm++ --json",
  ],
  async run(args, { stdin, stdout, stderr, env, signal }) {
    const weights = args.guidance
      .split(",")
      .map((word) => parseNumber("guidance", word.trim(), { min: 0, max: 100 }));
    const settings = {
      ...{ samples: 1, sampler: args.sampler, seed: parseInteger("seed", args.seed) },
      steps: parseInteger("steps", args.steps, { min: 1 }),
    };
    const proteins = await resolveProteins(args._, () => readStdin(stdin, signal));
    const folder = await openModel(args.model, env);
    const { mostSteps, openMicroscope, readModel } = await import("@proteoscope/microscope");
    const { compositeCell, tileImages } = await import("@proteoscope/imaging");
    const { writePng } = await import("@proteoscope/formats");
    const { readNuclei } = await import("../nuclei.ts");
    const [nucleus] = await readNuclei(folder, { seed: settings.seed });
    const progress = startProgress("sweep", proteins.length * weights.length, {
      ...{ stream: stderr, unit: "drawings" },
    });
    const rows: Tile[][] = [];
    const drawn: { id: string; guidance: number; seen: Readonly<Record<string, number>> }[] = [];
    try {
      await withRuntime(args.device, async (runtime) => {
        const model = await readModel(folder);
        const most = mostSteps(model, args.sampler);
        if (settings.steps > most)
          throw new CommandError(`--steps is at most ${most} for ${args.sampler}`, exitCodes.usage);
        const microscope = openMicroscope(runtime, model);
        for (const { id, gene, sequence } of proteins) {
          const protein = await microscope.encode(sequence, { gene });
          const row: Tile[] = [];
          for (const guidance of weights) {
            const generated = await microscope.generate(protein, nucleus!.distance, {
              ...settings,
              guidance,
              signal,
            });
            const { height, width, images, compartments } = generated;
            const channels = { nucleus: nucleus!.nucleus, protein: images.subarray(0, height * width) };
            const label = `${id} x${guidance}`;
            row.push({ image: compositeCell(channels, { height, width }), label, synthetic: true });
            drawn.push({ id, guidance, seen: compartments });
            progress.update(drawn.length, label);
          }
          rows.push(row);
        }
      });
    } finally {
      progress.close();
    }
    const { width, height, data } = tileImages(rows, { scale: 2 });
    const text = { Software: "proteoscope", synthetic: "true" };
    await writeFileAtomic(args.output, writePng({ width, height, channels: 3, depth: 8, data, text }));
    const lines = drawn.map(({ id, guidance, seen }) => {
      const [name, share] = Object.entries(seen).sort(([, a], [, b]) => b - a)[0]!;
      return `${id}\t${guidance}\t${name} ${(100 * share).toFixed(0)} %\n`;
    });
    stdout.write(
      args.json ? `${JSON.stringify({ output: args.output, drawings: drawn }, null, 2)}\n` : lines.join(""),
    );
    return undefined;
  },
});
