// `proteoscope evaluate`: how good a model is, measured on proteins and images that it never saw, together with floors and
// ceilings. Writes metrics.json, report.html and, so that an interrupted run can go on, answers.jsonl.

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Evaluation, JudgeSource, Sweep, UnseenSet } from "@proteoscope/lab";
import type { OnProgress, SamplerName } from "@proteoscope/microscope";
import type { ArgsDef, ParsedArgs } from "citty";
import { cacheFolders } from "../../cache-folders.ts";
import { openCheckpoint } from "../../checkpoint-path.ts";
import { parseInteger, parseNumber } from "../../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { type OutputFolder, withOutputFolder } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { openModel, withRuntime } from "../../model-folder.ts";
import { packageVersion } from "../../package-files.ts";
import { imageArgs, parseImageArguments } from "../arguments/image-arguments.ts";
import { findEvaluatedModel } from "./evaluated-model.ts";

const defaultProteins = 300;
const sweptSettings = ["steps", "guidance"] as const satisfies readonly Sweep["setting"][];
const samplers = ["ddim", "ddpm", "dpm++"] as const satisfies readonly SamplerName[];
const unseenSets = ["opencell", "partition"] as const satisfies readonly UnseenSet[];

const evaluateArgs = {
  model: {
    type: "positional",
    description: "Model folder, run folder of a training, or folder of generated images",
    required: true,
  },
  data: {
    type: "string",
    valueHint: "folder",
    description: "The atlas folder; beside a folder of images also a folder of real ones",
  },
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
    description:
      "Largest number of proteins per set, sampled from its classes in turn; 300 for images, all for localization when absent",
  },
  only: {
    type: "enum",
    options: ["images", "localization"],
    description: "One half: generated images, or localization from sequences",
  },
  split: {
    type: "string",
    valueHint: "list",
    default: unseenSets.join(","),
    description: `Sets of unseen proteins, any of ${unseenSets.join(", ")}`,
  },
  judge: {
    type: "string",
    valueHint: "list",
    default: "classifier",
    description:
      "Judges beside hand-made features: classifier (the model's own), subcell (once it was pulled), or paths of a classifier, cytoself, SubCell or .onnx",
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
  "sweep-steps": { type: "string", valueHint: "list", description: "Numbers of steps to compare, as 10,50" },
  "sweep-guidance": {
    type: "string",
    valueHint: "list",
    description: "Weights of guidance to compare, as 1,2,4",
  },
  resume: { type: "boolean", description: "Continue the evaluation in the report folder" },
  ...imageArgs,
} as const satisfies ArgsDef;

type EvaluateArguments = ParsedArgs<typeof evaluateArgs & typeof sharedArgs>;

export const evaluateCommand = defineCommand({
  name: "evaluate",
  description: "Measure a model, or generated images, beside real ones: figures, tables and a report",
  args: evaluateArgs,
  takesMany: true,
  notes: [
    "`evaluate compare A B` compares two report folders, paired over proteins.",
    "A folder of images may hold a table images.csv with the columns name, protein and compartment.",
    "Embeddings of images are kept in the cache folder, so that the next evaluation is quicker.",
  ],
  examples: [
    "proteoscope evaluate checkpoints/proteoscope-mini --data atlas -o report",
    "proteoscope evaluate checkpoints/proteoscope-mini --data atlas -o report --only localization",
    "proteoscope evaluate runs/diffusion --data atlas -o report --proteins 50 --samples 4",
    "proteoscope evaluate runs/diffusion --data atlas -o report --proteins 50 --samples 4 --resume",
    "proteoscope evaluate runs/diffusion --data atlas --judge classifier,runs/judge,cytoself --sweep-guidance 1,2,4",
    "proteoscope evaluate generated/ --data real/ -o report",
    "proteoscope evaluate generated/ --data real/ --judge subcell -o report",
    "proteoscope evaluate compare report-a report-b -o comparison",
  ],
  async run(args, context) {
    const rest = args._.slice(1);
    if (args.model === "compare" && rest.length > 0) {
      const { runComparison } = await import("./compare-reports.ts");
      return runComparison(rest, args, context);
    }
    if (rest.length > 0) throw usage(`evaluate takes one model or folder, got ${args._.length}`);
    const progress = showProgress(context.stderr);
    const { evaluation, isBroken } = await measure(args, context, progress.show).finally(progress.close);
    const { metrics, files } = evaluation;
    const writeAll = async (report: OutputFolder) => {
      for (const [name, content] of files) await report.write(name, content);
    };
    await withOutputFolder(args.output, writeAll, { signal: context.signal });
    const { summarizeMetrics } = await import("@proteoscope/lab");
    if (args.json) printJson(context.stdout, metrics);
    else
      printLines(
        context.stdout,
        ...summarizeMetrics(metrics),
        `metrics.json, report.html and tables in ${args.output}`,
      );
    return isBroken ? exitCodes.badData : exitCodes.ok;
  },
});

interface Measured {
  readonly evaluation: Evaluation;
  /** Whether pictures of folders could not be read. */
  readonly isBroken: boolean;
}

/** Evaluates a model, or a folder of images where there is none. */
async function measure(
  args: EvaluateArguments,
  context: CommandContext,
  onProgress: OnProgress,
): Promise<Measured> {
  const { signal, env } = context;
  if (args.data === undefined) throw usage("--data is missing: name the atlas folder");
  const shared = {
    software: { proteoscope: packageVersion(), node: process.version },
    cacheFolder: cacheFolders(process.env).embeddings,
  };
  if (isImageFolder(args.model)) return measureFolders(args, args.data, shared, context, onProgress);
  const proteins =
    args.proteins === undefined ? undefined : parseInteger("proteins", args.proteins, { min: 1 });
  const request = {
    ...{ ...shared, data: args.data, output: args.output, resume: args.resume === true, only: args.only },
    ...{ sets: parseSets(args.split), sweeps: parseSweeps(args) },
    ...{ proteins: proteins ?? defaultProteins, localizedProteins: proteins },
    settings: {
      samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
      steps: parseInteger("steps", args.steps, { min: 1 }),
      sampler: args.sampler,
      guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
      seed: parseInteger("seed", args.seed),
    },
  };
  const judges = await findJudges(args.judge, env);
  const model = await findEvaluatedModel(args.model);
  const evaluation = await withRuntime(args.device, async (runtime) => {
    const { evaluateModel } = await import("@proteoscope/lab");
    return evaluateModel(runtime, model, { ...request, judges }, { signal, onProgress });
  });
  return { evaluation, isBroken: false };
}

/** A folder that is no model and no run, and is there. */
function isImageFolder(path: string): boolean {
  const isModel = [path, join(path, "model")].some((folder) => existsSync(join(folder, "model_index.json")));
  const isRun = existsSync(join(path, "config.yaml"));
  return !isModel && !isRun && existsSync(path);
}

async function measureFolders(
  args: EvaluateArguments,
  data: string,
  shared: { readonly software: Record<string, string>; readonly cacheFolder: string | undefined },
  { signal, env, stderr }: CommandContext,
  onProgress: OnProgress,
): Promise<Measured> {
  const { openFolderImages, pairFolders } = await import("./folder-images.ts");
  const { readImageClassifier, readImagingConstants } = await import("@proteoscope/microscope");
  const folder = await openModel(undefined, env);
  const [classifier, constants] = await Promise.all([
    readImageClassifier(folder),
    readImagingConstants(folder),
  ]);
  const options = { ...parseImageArguments(args, signal), signal };
  const real = await openFolderImages(data, constants, options);
  const generated = await openFolderImages(args.model, constants, options);
  if (real.side !== generated.side)
    throw usage(`${data} has images of ${real.side} pixels, ${args.model} of ${generated.side}`);
  const request = {
    constants: { ...constants, cropPixels: real.side },
    ...{ ...shared, real, generated, classifier, seed: parseInteger("seed", args.seed) },
    ...{ judges: await findJudges(args.judge, env), pairs: await pairFolders(real, generated) },
  };
  const isBroken = () => real.refused.size + generated.refused.size > 0;
  try {
    const evaluation = await withRuntime(args.device, async (runtime) => {
      const { evaluateFolders } = await import("@proteoscope/lab");
      return evaluateFolders(runtime, request, { signal, onProgress });
    });
    return { evaluation, isBroken: isBroken() };
  } finally {
    for (const { refused } of [real, generated])
      printLines(stderr, ...[...refused].map(([name, reason]) => `proteoscope: ${name}: ${reason}`));
  }
}

/** Judges by name or path. @throws CommandError (not found) where there is neither */
async function findJudges(list: string, env: CommandContext["env"]): Promise<JudgeSource[]> {
  const { namedJudges } = await import("@proteoscope/lab");
  const { openFolder } = await import("@proteoscope/models/node");
  const names = [...new Set(list.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  const judges: JudgeSource[] = [];
  for (const name of names) {
    const known = namedJudges.find((one) => one === name);
    if (known !== undefined) judges.push({ name: known });
    else {
      // A run folder as it is: its configuration says what the network learned from.
      const isFolder = (await stat(name).catch(() => undefined))?.isDirectory() === true;
      const { folder, options, path } = isFolder
        ? { folder: openFolder(name), options: {}, path: name }
        : await openCheckpoint(name, env);
      judges.push({ name: basename(name), path, folder, load: options });
    }
  }
  return judges;
}

function parseSweeps(args: EvaluateArguments): Sweep[] {
  return sweptSettings.flatMap((setting) => {
    const list = args[`sweep-${setting}`];
    if (list === undefined) return [];
    const values = list.split(",").map((value) => {
      const name = `sweep-${setting}`;
      return setting === "steps"
        ? parseInteger(name, value, { min: 1 })
        : parseNumber(name, value, { min: 0, max: 100 });
    });
    return [{ setting, values }];
  });
}

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
