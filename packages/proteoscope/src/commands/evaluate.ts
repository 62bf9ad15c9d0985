// `proteoscope evaluate`: how good a model is, measured on proteins and images that it never saw, together with floors and
// ceilings. Writes metrics.json, report.html and, so that an interrupted run can go on, answers.jsonl.

import type { UnseenSet } from "@proteoscope/lab";
import type { SamplerName } from "@proteoscope/microscope";
import { parseInteger, parseNumber } from "../cli/arguments.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { type OutputFolder, withOutputFolder } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { findEvaluatedModel } from "../evaluated-model.ts";
import { withRuntime } from "../model-folder.ts";
import { packageVersion } from "../package-files.ts";

const samplers = ["ddim", "ddpm", "dpm++"] as const satisfies readonly SamplerName[];
const unseenSets = ["opencell", "partition"] as const satisfies readonly UnseenSet[];

export const evaluateCommand = defineCommand({
  name: "evaluate",
  description: "Measure a model on proteins and images it never saw, as figures and a report",
  args: {
    model: { type: "positional", description: "Model folder, or run folder of a training", required: true },
    data: { type: "string", valueHint: "folder", description: "The atlas folder" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "folder",
      default: "report",
      description: "Report folder",
    },
    proteins: {
      type: "string",
      valueHint: "number",
      default: "300",
      description:
        "Largest number of proteins per set whose images are generated, sampled from its classes in turn",
    },
    only: {
      type: "enum",
      options: ["images", "localization"],
      description: "One half: generated images, or localization from sequences, which takes minutes",
    },
    split: {
      type: "string",
      valueHint: "list",
      default: unseenSets.join(","),
      description: `Sets of unseen proteins, any of ${unseenSets.join(", ")}`,
    },
    samples: { type: "string", valueHint: "number", default: "1", description: "Images per protein" },
    steps: { type: "string", valueHint: "number", default: "15", description: "Sampling steps" },
    sampler: { type: "enum", options: [...samplers], default: "dpm++", description: "Sampling method" },
    guidance: {
      type: "string",
      valueHint: "number",
      default: "3",
      description: "Weight of classifier-free guidance",
    },
    resume: { type: "boolean", description: "Continue the evaluation in the report folder" },
  },
  examples: [
    "proteoscope evaluate checkpoints/proteoscope-mini --data atlas -o report",
    "proteoscope evaluate checkpoints/proteoscope-mini --data atlas -o report --only localization",
    "proteoscope evaluate runs/diffusion --data atlas -o report --proteins 50 --samples 4",
    "proteoscope evaluate runs/diffusion --data atlas -o report --proteins 50 --samples 4 --resume",
  ],
  async run(args, { stdout, stderr, signal }) {
    if (args.data === undefined) throw usage("--data is missing: name the atlas folder");
    const request = {
      ...{ data: args.data, output: args.output, resume: args.resume === true },
      only: args.only,
      sets: parseSets(args.split),
      software: { proteoscope: packageVersion(), node: process.version },
      proteins: parseInteger("proteins", args.proteins, { min: 1 }),
      settings: {
        samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
        steps: parseInteger("steps", args.steps, { min: 1 }),
        sampler: args.sampler,
        guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
        seed: parseInteger("seed", args.seed),
      },
    };
    const model = await findEvaluatedModel(args.model);
    const progress = showProgress(stderr);
    const { metrics, files } = await withRuntime(args.device, async (runtime) => {
      const { evaluateModel } = await import("@proteoscope/lab");
      return evaluateModel(runtime, model, request, { signal, onProgress: progress.show });
    }).finally(progress.close);
    const writeAll = async (report: OutputFolder) => {
      for (const [name, text] of files) await report.write(name, text);
    };
    await withOutputFolder(args.output, writeAll, { signal });
    const { summarizeMetrics } = await import("@proteoscope/lab");
    if (args.json) printJson(stdout, metrics);
    else printLines(stdout, ...summarizeMetrics(metrics), `metrics.json and report.html in ${args.output}`);
    return undefined;
  },
});

function parseSets(list: string): UnseenSet[] {
  const names = new Set(list.split(",").map((name) => name.trim()));
  for (const name of names) {
    if (!(unseenSets as readonly string[]).includes(name))
      throw usage(`--split knows ${unseenSets.join(", ")}, got "${name}"`);
  }
  return unseenSets.filter((name) => names.has(name));
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
