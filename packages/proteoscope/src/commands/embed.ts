// `proteoscope embed`: embeddings of proteins by a protein language model (ESM2, ESMC), per residue or as means, as Zarr, npy or Parquet. Groups of
// proteins are added to a folder `<output>.parts` until all are there; whatever ends the process, the same command goes
// on behind the last group.

import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import {
  defaultWindowResidues,
  type RefusedRow,
  type ResidueEmbedder,
} from "@proteoscope/microscope/experiments";
import type { EmbeddingStage, embeddingFormat } from "@proteoscope/microscope/node";
import type { ArgsDef, ParsedArgs } from "citty";
import { openCheckpoint } from "../checkpoint-path.ts";
import { parseInteger } from "../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../cli/command.ts";
import { CommandError, type ExitCode, exitCodes } from "../cli/errors.ts";
import { checkOutputFile, refuseInputs } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { sayWhenSlow, showProgress } from "../cli/progress.ts";
import { withRuntime } from "../model-folder.ts";
import { findShipped, shippedModelName } from "../package-files.ts";
import { proteinArgs, proteinInputs } from "./arguments/protein-arguments.ts";
import { printRefusals } from "./print-refusals.ts";
import { openProteins, type ScreenInputs } from "./screen/screen-inputs.ts";

const embedArgs = {
  ...proteinArgs,
  plm: {
    type: "string",
    valueHint: "model",
    description:
      "ESM2 or ESMC: a folder, a file of weights, or <owner>/<name> in the cache; the language model that ships when absent",
  },
  pooling: {
    type: "enum",
    options: ["residues", "mean"],
    default: "mean",
    description: "One row per residue, or their mean per protein",
  },
  precision: {
    type: "enum",
    options: ["float32", "float16"],
    default: "float32",
    description: "Numbers of the file; float16 takes half of the room",
  },
  window: {
    type: "string",
    valueHint: "residues",
    default: String(defaultWindowResidues),
    description: "Longer proteins are read in windows of this length that overlap by half",
  },
  stream: {
    type: "boolean",
    description: "One layer at a time: the memory of one layer, so that 3B parameters take a few GB",
  },
  output: {
    type: "string",
    alias: "o",
    valueHint: "file",
    default: "embeddings.zarr",
    description: "X.zarr, X.npy (with X.index.csv and X.json) or X.parquet",
  },
} as const satisfies ArgsDef;

type EmbedArguments = ParsedArgs<typeof embedArgs & typeof sharedArgs>;

export const embedCommand = defineCommand({
  name: "embed",
  description: "Embeddings of proteins by a language model (ESM2, ESMC), per residue or as means",
  args: embedArgs,
  takesMany: true,
  notes: [
    "A residue of a protein that is longer than a window takes its embedding from the window whose middle is nearest.",
    "index.csv says which rows are whose, with a status per record. Killed at any moment and run again, the command goes",
    "on behind the last group of proteins in <output>.parts.",
  ],
  examples: [
    "proteoscope embed proteome.fasta -o means.parquet",
    "proteoscope embed proteome.fasta --plm facebook/esm2_t33_650M_UR50D --pooling residues -o residues.zarr",
    "proteoscope embed proteome.fasta --plm facebook/esm2_t36_3B_UR50D --stream --precision float16 -o means.npy",
  ],
  async run(args, context) {
    const { stderr, signal } = context;
    const windowResidues = parseInteger("window", args.window, { min: 2 });
    const node = await import("@proteoscope/microscope/node");
    const format = node.embeddingFormat(args.output);
    if (format === ".parquet" && args.precision === "float16")
      throw new CommandError(
        "--precision float16 is for .zarr and .npy: Parquet has no such lists",
        exitCodes.usage,
      );
    await checkOutput(args, format, context);
    const inputs = await openProteins(args._, context, {
      strict: args.strict === true,
      allowNucleotides: args["allow-nucleotides"] === true,
    });
    const { name, sha256, open, hiddenSize } = await openLanguageModel(args, context);
    const stage = await node.openEmbeddingStage(`${args.output}.parts`, {
      ...{ model: name, sha256, hiddenSize, pooling: args.pooling, dtype: args.precision, windowResidues },
      windows: "overlapping by half; each residue from the window whose middle is nearest",
    });
    const progress = showProgress(stderr);
    let refusals: readonly RefusedRow[] = [];
    try {
      await withRuntime(args.device, async (runtime) => {
        const { embedProteins } = await import("@proteoscope/microscope/experiments");
        const language = await open(runtime);
        const first = stage.counts.records;
        const remaining = stage.remaining(all(inputs));
        for await (const group of embedProteins(language, remaining, {
          pooling: args.pooling,
          windowResidues,
          signal,
        })) {
          await stage.append(group);
          progress.show({
            ...{ phase: "embed", unit: "proteins" },
            ...{ done: stage.counts.records - first, total: inputs.count - first },
          });
        }
        await language.close();
      });
      refusals = await stage.refusals();
      await node.finishEmbeddings(stage, args.output);
    } finally {
      progress.close();
      await stage.close();
    }
    return report(args, stage, refusals, context);
  },
});

/** Checks the places of the files before the work. @throws CommandError (usage) for an input, (failure) for a folder. */
async function checkOutput(
  args: EmbedArguments,
  format: ReturnType<typeof embeddingFormat>,
  context: CommandContext,
): Promise<void> {
  const { output, plm } = args;
  const inputs = [...proteinInputs(args, context), ...(plm === undefined ? [] : [plm])];
  if (format === ".zarr") {
    await refuseInputs(output, inputs);
    await refuseOtherFolder(output);
    return;
  }
  await checkOutputFile(output, inputs);
  if (format !== ".npy") return;
  const base = output.slice(0, -format.length);
  for (const ending of [".index.csv", ".json"]) await checkOutputFile(`${base}${ending}`, inputs);
}

/** Refuses to replace what no earlier run wrote: a finished store takes the place of the whole folder. */
async function refuseOtherFolder(output: string): Promise<void> {
  const there = await lstat(output).catch(() => undefined);
  if (there === undefined) return;
  const group = await readFile(join(output, "zarr.json"), "utf8").catch(() => "");
  if (!group.includes('"proteoscope"'))
    throw new CommandError(
      `cannot write ${output}: what has this name are no embeddings of an earlier run; move it, or name another output`,
      exitCodes.failure,
    );
}

interface OpenedLanguageModel {
  readonly name: string;
  readonly hiddenSize: number;
  readonly sha256: Readonly<Record<string, string>>;
  open(runtime: Runtime): Promise<ResidueEmbedder>;
}

/** Opens what `--plm` names, or the language model of the model that ships. */
async function openLanguageModel(
  { plm, stream }: EmbedArguments,
  { env, stderr }: CommandContext,
): Promise<OpenedLanguageModel> {
  const { languageModelFolder, loadLanguageModel, openStreamedLanguageModel } = await import(
    "@proteoscope/models"
  );
  const { openResidueEmbedder, openStreamedResidueEmbedder } = await import(
    "@proteoscope/microscope/experiments"
  );
  const named = plm ?? findShipped(join("checkpoints", shippedModelName)) ?? shippedModelName;
  const checkpoint = await openCheckpoint(named, env);
  const folder = await languageModelFolder(checkpoint.folder);
  const isPart = folder !== checkpoint.folder;
  const hashing = hashWeights(isPart ? join(checkpoint.path, "plm") : checkpoint.path);
  const sha256 = await sayWhenSlow(stderr, `hashing the weights of ${named}`, hashing);
  const described = { name: isPart ? `${basename(named)}/plm` : basename(named), sha256 };
  const options = { ...checkpoint.options, onNotice: (notice: string) => printLines(stderr, notice) };
  if (stream) {
    const model = await openStreamedLanguageModel(folder, options);
    const open = async (runtime: Runtime) => openStreamedResidueEmbedder(runtime, model);
    return { ...described, hiddenSize: model.config.hiddenSize, open };
  }
  const loading = loadLanguageModel(folder, options);
  const model = await sayWhenSlow(stderr, `reading the weights of ${named}`, loading);
  const open = (runtime: Runtime) => openResidueEmbedder(runtime, model);
  return { ...described, hiddenSize: model.config.hiddenSize, open };
}

/** Digests of a file of weights, or of the configuration and the weights of a folder. */
async function hashWeights(path: string): Promise<Record<string, string>> {
  const { hashFile } = await import("@proteoscope/models/node");
  if (!(await stat(path)).isDirectory()) return { [basename(path)]: await hashFile(path) };
  const names = (await readdir(path)).filter((name) => /^config\.json$|\.(safetensors|bin|pt)$/.test(name));
  const digests = await Promise.all(
    names.sort().map(async (name) => [name, await hashFile(join(path, name))]),
  );
  return Object.fromEntries(digests);
}

function report(
  args: EmbedArguments,
  { counts, settings }: EmbeddingStage,
  refusals: readonly RefusedRow[],
  { stdout, stderr }: CommandContext,
): ExitCode {
  const { records, refused, rows } = counts;
  const { hiddenSize, dtype, pooling } = settings;
  printRefusals(stderr, refusals, { refused, records });
  if (args.json)
    printJson(stdout, {
      ...{ output: args.output, records, refused, shape: [rows, hiddenSize], dtype, pooling },
      refusals,
    });
  else printLines(stdout, `${args.output}: ${dtype} [${rows}, ${hiddenSize}], ${records - refused} proteins`);
  return refused > 0 ? exitCodes.badData : exitCodes.ok;
}

async function* all({ records }: ScreenInputs) {
  yield* records();
}
