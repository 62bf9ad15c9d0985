// `proteoscope study`: what more proteins, a larger network or another language model are worth. Trains every combination
// with several seeds, and writes one table and one plot with intervals. The same command goes on after an interrupt.
import { join } from "node:path";
import {
  parseVariation,
  plotStudy,
  runStudy,
  studyTable,
  summarizeStudy,
  type TrainerName,
  type TrainingProgress,
  trainerNames,
} from "@proteoscope/lab";
import { cacheFolders } from "../cache-folders.ts";
import { resolveCheckpoint } from "../checkpoint-path.ts";
import { parseInteger } from "../cli/arguments.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { writeFiles } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { startProgress } from "../cli/progress.ts";
import { findPreset } from "../presets.ts";

export const studyCommand = defineCommand({
  name: "study",
  description: "Train a network in all combinations of some settings, and compare them with intervals",
  takesMany: true,
  savesAtInterrupt: true,
  args: {
    network: {
      type: "positional",
      default: "diffusion",
      description: `One of ${trainerNames.join(", ")}, then key.path=value for all runs`,
    },
    vary: {
      type: "string",
      valueHint: "name=values",
      description:
        "May be repeated: proteins=0.1,0.5,1 (fraction of the training proteins), model=small,base (presets), plm=PATH,PATH, or key.path=value,value",
    },
    data: { type: "string", valueHint: "folder", description: "The atlas folder" },
    output: { type: "string", alias: "o", valueHint: "folder", description: "The folder of the study" },
    config: {
      type: "string",
      valueHint: "file",
      description: "A YAML file or the name of a preset; default mini",
    },
    seeds: { type: "string", valueHint: "number", default: "3", description: "Runs per combination" },
    score: {
      type: "string",
      valueHint: "name",
      description: "The validation score that is compared; default that of unseen proteins",
    },
  },
  examples: [
    "proteoscope study --vary proteins=0.1,0.25,0.5,1 --vary model=small,base --data atlas -o study models.plm=runs/plm models.autoencoder=runs/autoencoder",
    "proteoscope study localizer --vary plm=facebook/esm2_t6_8M_UR50D,facebook/esm2_t12_35M_UR50D --data atlas -o plms",
  ],
  notes: ["Writes study.csv, study.svg and runs/, one run folder per combination and seed."],
  async run(args, { stdout, stderr, env, signal }, words) {
    const [first = "diffusion", ...rest] = args._;
    const isNamed = (trainerNames as readonly string[]).includes(first);
    if (!isNamed && !first.includes("="))
      throw usage(`cannot train "${first}"; one of ${trainerNames.join(", ")}`);
    const trainer = (isNamed ? first : "diffusion") as TrainerName;
    const { data, output, device } = args;
    if (data === undefined) throw usage("--data is missing: name the atlas folder");
    if (output === undefined) throw usage("-o is missing: name the folder of the study");
    const variations = valuesOf(words, "vary").map(parseVariation);
    if (variations.length === 0)
      throw usage("--vary is missing: say what to vary, such as proteins=0.25,0.5,1");
    const seeds = parseInteger("seeds", args.seeds, { min: 1, max: 1000 });
    const score = args.score ?? defaultScores[trainer] ?? "loss";
    const progress = showRuns(stderr);
    const request = {
      ...{ trainer, variations, seeds, score, folder: output, atlas: data },
      overrides: isNamed || args._.length === 0 ? rest : args._,
      findModel: (named: string) => resolveCheckpoint(named, env),
      findConfig: (preset: string | undefined) => configOf(trainer, preset ?? args.config),
    };
    const results = await runStudy(request, {
      ...{ device, signal, cacheDir: cacheFolders(env).frozen },
      ...progress.callbacks,
    }).finally(progress.close);
    if (results === undefined) {
      printLines(stderr, "interrupted; the same command goes on");
      return exitCodes.interrupted;
    }
    const rows = summarizeStudy(results);
    const table = studyTable(rows, score);
    await writeFiles(
      output,
      new Map([
        ["study.csv", table],
        ["study.svg", plotStudy(rows, score)],
      ]),
      { signal },
    );
    if (args.json) printJson(stdout, { output, score, rows });
    else {
      stdout.write(table);
      printLines(stderr, join(output, "study.svg"));
    }
    return undefined;
  },
});

/** Scores of proteins that were not learned from, where the name says so otherwise. */
const defaultScores: Partial<Record<TrainerName, string>> = {
  plm: "crossEntropy",
  "sequence-features": "crossEntropy",
  localizer: "crossEntropy",
  autoencoder: "unseen.absoluteError",
  classifier: "unseen.accuracy",
  diffusion: "unseen.loss",
  clip: "unseen.loss",
  triplet: "unseen.loss",
  cytoclass: "unseen.loss",
};

function configOf(trainer: TrainerName, named = "mini"): string {
  const file = findPreset(trainer, named) ?? (/[./\\]/.test(named) ? named : undefined);
  if (file === undefined) throw usage(`train ${trainer} has no preset "${named}"`);
  return file;
}

/** The values of an option that may be repeated. */
function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, i) => {
    if (word === `--${option}`) return words[i + 1] === undefined ? [] : [words[i + 1]!];
    return word.startsWith(`--${option}=`) ? [word.slice(option.length + 3)] : [];
  });
}

function showRuns(stream: NodeJS.WritableStream) {
  let line: ReturnType<typeof startProgress> | undefined;
  let label = "";
  const close = () => {
    line?.close();
    line = undefined;
  };
  const onRun = ({ name }: { readonly name: string }, done: number, total: number) => {
    close();
    label = `${done + 1} of ${total}  ${name}`;
  };
  const onProgress = ({ step, totalSteps }: TrainingProgress) => {
    line ??= startProgress(label, totalSteps, { stream });
    line.update(step);
  };
  return { callbacks: { onRun, onProgress }, close };
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
