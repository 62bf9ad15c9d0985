// `proteoscope screen`: the compartments, and pictures, of thousands of proteins. Each record's row is written when it is
// done; whatever ends the process, the same command goes on behind the last row. The folder is described in
// microscope/src/screen/node/screen-folder.ts.

import { join } from "node:path";
import { generateDefaults, samplerNames } from "@proteoscope/microscope";
import type { ScreenSummary, Shard } from "@proteoscope/microscope/experiments";
import type { ArgsDef, ParsedArgs } from "citty";
import { parseInteger, parseNumber } from "../../cli/arguments.ts";
import { type CommandContext, defineCommand, sharedArgs } from "../../cli/command.ts";
import { CommandError, type ExitCode, exitCodes } from "../../cli/errors.ts";
import { checkOutputFolder } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { openModel } from "../../model-folder.ts";
import { packageVersion } from "../../package-files.ts";
import { modelArgs } from "../arguments/model-argument.ts";
import { proteinArgs, proteinInputs } from "../arguments/protein-arguments.ts";
import { printRefusals } from "../print-refusals.ts";
import { jobScript, schedulers } from "./job-script.ts";
import type { ImageOptions } from "./run-screen.ts";
import { openProteins, type ScreenInputs } from "./screen-inputs.ts";
import { chooseShard } from "./shard-argument.ts";

const screenArgs = {
  ...proteinArgs,
  protein: { ...proteinArgs.protein, required: false },
  manifest: {
    type: "string",
    valueHint: "file",
    description:
      "Records with pictures of their own: manifest (TSV) or records (JSON) of the CM4AI DREAM challenge",
  },
  "path-prefix": {
    type: "string",
    valueHint: "folder",
    description: "Before the relative paths of a manifest; its own folder when absent",
  },
  images: {
    type: "boolean",
    default: true,
    description: "Draw a picture of each protein",
    negativeDescription: "Predict compartments alone, which is much faster",
  },
  nucleus: {
    type: "string",
    valueHint: "image",
    description: "Picture of a nucleus to draw all proteins around; one of the library, by seed, when absent",
  },
  "pixel-size": {
    type: "string",
    valueHint: "microns",
    description: "Pixel size of the picture of a nucleus",
  },
  samples: { type: "string", valueHint: "number", default: "1", description: "Images per protein" },
  steps: { type: "string", valueHint: "number", default: "15", description: "Sampling steps" },
  sampler: {
    type: "enum",
    options: [...samplerNames],
    default: "dpm++",
    description: "Sampling method",
  },
  guidance: {
    type: "string",
    valueHint: "number",
    default: String(generateDefaults.guidance),
    description: "Weight of classifier-free guidance",
  },
  shard: {
    type: "string",
    valueHint: "i/N",
    description: "One of N equal parts, from 1; by default the part that Slurm or Kubernetes gives this task",
  },
  merge: { type: "boolean", description: "Make the results of all shards in the output folder" },
  print: {
    type: "enum",
    options: [...schedulers],
    description: "Print a job script that screens in shards; nothing is submitted",
  },
  shards: {
    type: "string",
    valueHint: "number",
    default: "8",
    description: "Number of shards of that script",
  },
  ...modelArgs,
  output: {
    type: "string",
    alias: "o",
    valueHint: "folder",
    default: "proteoscope-screen",
    description: "Output folder",
  },
} as const satisfies ArgsDef;

type ScreenArguments = ParsedArgs<typeof screenArgs & typeof sharedArgs>;

export const screenCommand = defineCommand({
  name: "screen",
  description: "Compartments and pictures of thousands of proteins, resumable, in shards or by a queue",
  args: screenArgs,
  takesMany: true,
  notes: [
    "results.csv has one row per record with its status, `done` or `refused: <reason>`, and grows as the work does. Killed",
    "at any moment and run again, the command goes on behind the last row. When all is done, results.parquet,",
    "contact-sheet.png and summary.html appear beside it. Where records were refused the exit code is 3.",
    "With DATABASE_URL (PostgreSQL) the records are taken by `proteoscope worker` on any number of machines.",
  ],
  examples: [
    "proteoscope screen proteome.fasta.gz -o screen --no-images",
    "proteoscope screen proteome.fasta -o screen --shard 2/8",
    "proteoscope screen --merge -o screen",
    "proteoscope screen --manifest manifest.tsv -o predictions",
    "proteoscope screen proteome.fasta -o screen --print slurm --shards 16 > screen.sh",
  ],
  async run(args, context) {
    const { env, stderr, signal } = context;
    const { output } = args;
    if (args.print !== undefined) return printScript(args.print, args, context);
    const others = [args.manifest, args.nucleus, args.model].filter((path) => path !== undefined);
    await checkOutputFolder(output, [...proteinInputs(args, context), ...others]);
    const { finishScreen, mergeShards, summarizeShard } = await import("@proteoscope/microscope/node");
    if (args.merge) {
      await mergeShards(output);
      if (args.manifest !== undefined) await (await openInputs(args, context)).finish?.();
      return report(output, await finishScreen(output), args, context);
    }
    const shard = chooseShard(args.shard, env);
    const images = args.images ? parseImages(args) : undefined;
    const model = await openModel(args.model, env);
    const inputs = await openInputs(args, context);
    const progress = showProgress(stderr);
    const { runScreen } = await import("./run-screen.ts");
    await runScreen(
      {
        ...{ model, device: args.device, output, shard, images, signal, onProgress: progress.show },
        databaseUrl: env.DATABASE_URL || undefined,
        onSilence: () =>
          printLines(stderr, "waiting for a worker (`proteoscope worker` with the same model)"),
      },
      inputs,
    ).finally(progress.close);
    if (shard === undefined) await inputs.finish?.();
    if (shard === undefined) return report(output, await finishScreen(output), args, context);
    return reportShard(output, shard, await summarizeShard(output, shard), args, context);
  },
});

/** The records of the words, or of a manifest. @throws CommandError (usage) where there are none, or both. */
async function openInputs(args: ScreenArguments, context: CommandContext): Promise<ScreenInputs> {
  const { manifest, output } = args;
  if (manifest === undefined) {
    if (args._.length === 0) throw new CommandError("<protein> is missing", exitCodes.usage);
    return openProteins(args._, context, {
      strict: args.strict === true,
      allowNucleotides: args["allow-nucleotides"] === true,
    });
  }
  if (args._.length > 0 || !args.images || args.nucleus !== undefined)
    throw new CommandError(
      "--manifest brings its own proteins and nuclei, and draws images",
      exitCodes.usage,
    );
  const { challengePixelSizeMicrons, openManifest } = await import("./manifest-inputs.ts");
  const { readImagingConstants } = await import("@proteoscope/microscope");
  const { settings, pixelSizeMicrons = challengePixelSizeMicrons } = parseImages(args);
  return openManifest(manifest, {
    ...{ pathPrefix: args["path-prefix"], output, signal: context.signal, strict: args.strict === true },
    ...{ pixelSizeMicrons, constants: await readImagingConstants(await openModel(args.model, context.env)) },
    run: { version: packageVersion(), seed: settings.seed, steps: settings.steps },
  });
}

/** What the options of pictures say. @throws CommandError (usage). */
function parseImages(args: ScreenArguments): ImageOptions {
  const pixelSize = args["pixel-size"];
  return {
    settings: {
      samples: parseInteger("samples", args.samples, { min: 1, max: 256 }),
      steps: parseInteger("steps", args.steps, { min: 1 }),
      sampler: args.sampler,
      guidance: parseNumber("guidance", args.guidance, { min: 0, max: 100 }),
      seed: parseInteger("seed", args.seed),
    },
    nucleus: args.nucleus,
    pixelSizeMicrons: pixelSize === undefined ? undefined : parseNumber("pixel-size", pixelSize),
  };
}

/** The words of this command line without those that differ from shard to shard. */
function printScript(
  scheduler: (typeof schedulers)[number],
  args: ScreenArguments,
  { stdout }: CommandContext,
): ExitCode {
  const shards = parseInteger("shards", args.shards, { min: 1, max: 100_000 });
  const own = new Set(["_", "protein", "print", "shards", "shard", "merge", "json", "o"]);
  const options = Object.entries(args).flatMap(([name, value]) => {
    const given = (screenCommandDefaults as Record<string, unknown>)[name];
    if (own.has(name) || value === undefined || value === given) return [];
    return typeof value === "boolean" ? [`--${value ? "" : "no-"}${name}`] : [`--${name}`, String(value)];
  });
  stdout.write(jobScript({ scheduler, words: [...args._, ...options], output: args.output, shards }));
  return exitCodes.ok;
}

const screenCommandDefaults = Object.fromEntries(
  Object.entries({ ...screenArgs, ...sharedArgs }).map(([name, arg]) => [
    name,
    "default" in arg ? arg.default : false,
  ]),
);

function report(
  output: string,
  summary: ScreenSummary,
  args: ScreenArguments,
  { stdout, stderr }: CommandContext,
): ExitCode {
  const { done, refused, compartments, refusals } = summary;
  printRefusals(stderr, refusals, { refused, records: done + refused });
  if (args.json) printJson(stdout, { output, done, refused, compartments, refusals });
  else {
    const found = Object.entries(compartments).filter(([, count]) => count > 0);
    printLines(
      stdout,
      `${done} proteins done, ${refused} refused: ${join(output, "results.csv")}`,
      ...found.sort(([, a], [, b]) => b - a).map(([name, count]) => `  ${name.padEnd(18)} ${count}`),
    );
  }
  return refused > 0 ? exitCodes.badData : exitCodes.ok;
}

function reportShard(
  output: string,
  shard: Shard,
  { done, refused, refusals }: ScreenSummary,
  args: ScreenArguments,
  { stdout, stderr }: CommandContext,
): ExitCode {
  const name = `${shard.index + 1}/${shard.count}`;
  const records = done + refused;
  printRefusals(stderr, refusals, { refused, records });
  if (args.json) printJson(stdout, { output, shard: name, records, refused, refusals });
  else
    printLines(
      stdout,
      `shard ${name}: ${records} records, ${refused} refused; --merge makes one table of all shards`,
    );
  return refused > 0 ? exitCodes.badData : exitCodes.ok;
}
