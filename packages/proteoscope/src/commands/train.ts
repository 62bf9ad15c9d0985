// `proteoscope train`: trains one of the networks on an atlas folder, in a run folder that can be left and resumed.
// An interrupt finishes the current step, saves a checkpoint and exits with 130; --resume continues from there exactly.
// Started by `mpirun` or `srun`, several processes train together.
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { singleProcess } from "@proteoscope/engine";
import { launchedProcesses, openMpi } from "@proteoscope/engine/node";
import {
  estimateRun,
  type NewRun,
  resumeTraining,
  startTraining,
  type TrainerName,
  type TrainingEstimate,
  type TrainingProgress,
  trainerNames,
} from "@proteoscope/lab";
import { cacheFolders } from "../cache-folders.ts";
import { resolveCheckpoint } from "../checkpoint-path.ts";
import { type CommandContext, defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { printJson, printLines } from "../cli/print.ts";
import { formatDuration, startProgress } from "../cli/progress.ts";
import { findPreset } from "../presets.ts";

export const trainCommand = defineCommand({
  name: "train",
  description: "Train a network on a data set",
  takesMany: true,
  savesAtInterrupt: true,
  args: {
    network: {
      type: "positional",
      description: `One of ${trainerNames.join(", ")}, then key.path=value ...; or show, then run folders`,
    },
    config: {
      type: "string",
      valueHint: "file",
      description: "A YAML file or the name of a preset; default mini",
    },
    data: {
      type: "string",
      valueHint: "folder",
      description: "The atlas folder; with --resume, where it is now",
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "folder",
      description: "The run folder; with show, an HTML page of curves",
    },
    resume: { type: "boolean", description: "Continue the run in the run folder" },
    "dry-run": {
      type: "boolean",
      description: "Take a few steps and say what the run would cost: time, memory, disk; nothing is written",
    },
  },
  examples: [
    "proteoscope train plm --data atlas -o runs/plm",
    "proteoscope train plm --data atlas -o runs/plm-small model.hidden_size=128 train.steps=500",
    "proteoscope train localizer --data atlas -o runs/localizer models.plm=facebook/esm2_t6_8M_UR50D",
    "proteoscope train plm --data atlas --dry-run",
    "proteoscope train plm -o runs/plm --resume",
    "proteoscope train show runs/plm",
    "proteoscope train show runs/plm runs/plm-small -o curves.html",
  ],
  async run(args, context) {
    const { stdout, stderr, env, signal } = context;
    const [network = "", ...overrides] = args._;
    if (network === "show") {
      const { showRuns } = await import("./train-show.ts");
      return showRuns({ runs: overrides, output: args.output, json: args.json === true }, context);
    }
    if (!isTrainer(network)) throw usage(`cannot train "${network}"; one of ${trainerNames.join(", ")}`);
    const { output, data, config, resume, device } = args;
    const isDry = args["dry-run"];
    if (output === undefined && !isDry) throw usage("-o is missing: name the run folder");
    const processes = launchedProcesses(env);
    const collective = processes.size > 1 ? await openMpi(processes.size) : singleProcess;
    const isFirst = collective.rank === 0; // the others are silent
    const progress = showProgress(network, isFirst ? stderr : undefined, signal);
    const threads = Math.max(1, Math.floor(cpus().length / processes.onThisMachine));
    const options = {
      ...{ device, signal, collective, cacheDir: cacheFolders(env).frozen },
      threads: Math.min(availableParallelism(), threads), // a launcher may have bound this process to some cores
      ...progress.callbacks,
    };
    try {
      const newRun = () => describeRun(network, { data, config, overrides, seed: args.seed, env });
      if (output === undefined || isDry) {
        if (resume) throw usage("--dry-run measures a run from its beginning: leave --resume out");
        const estimate = await estimateRun(newRun(), options);
        progress.close();
        await collective.close();
        if (args.json && isFirst) printJson(stdout, estimate);
        else if (isFirst) printLines(stdout, ...describeEstimate(estimate));
        return exitCodes.ok;
      }
      const state = resume
        ? await resumeRun(output, network, { data, config, overrides }, options)
        : await startTraining(output, newRun(), options);
      const { step, scores } = progress.close() ?? {};
      await collective.close();
      const at = step === undefined ? "" : ` at step ${step}`;
      if (args.json && isFirst) printJson(stdout, { run: output, network, state, step, scores });
      else if (isFirst) {
        const next = `go on with: proteoscope train ${network} -o ${output} --resume`;
        printLines(stderr, `${state}${at}: ${state === "finished" ? join(output, "model") : next}`);
      }
      return state === "finished" ? exitCodes.ok : exitCodes.interrupted;
    } finally {
      progress.close();
    }
  },
});

/** Progress of what is read before the first step, which an interrupt ends, then of the steps; `close` returns the last step's. */
function showProgress(
  network: TrainerName,
  stream: CommandContext["stderr"] | undefined,
  signal: AbortSignal,
) {
  let progress: ReturnType<typeof startProgress> | undefined;
  let firstStep = 0;
  let last: TrainingProgress | undefined;
  const close = () => {
    progress?.close();
    progress = undefined;
    return last;
  };
  const onRead = (done: number, total: number, unit: "proteins" | "crops" = "proteins") => {
    signal.throwIfAborted();
    if (stream !== undefined) progress ??= startProgress(unit, total, { stream, unit });
    progress?.update(done);
    if (done === total) close();
  };
  const onProgress = (now: TrainingProgress) => {
    if (progress === undefined && stream !== undefined) {
      firstStep = now.step - 1;
      progress = startProgress(`train ${network}`, now.totalSteps - firstStep, { stream });
    }
    last = now;
    progress?.update(now.step - firstStep, `step ${now.step}  ${describeLosses(now)}`);
  };
  return { callbacks: { onRead, onProgress }, close };
}

interface RunArguments {
  readonly data: string | undefined;
  readonly config: string | undefined;
  readonly overrides: readonly string[];
}

type Options = Parameters<typeof startTraining>[2];

function describeRun(
  trainer: TrainerName,
  args: RunArguments & { seed: string; env: CommandContext["env"] },
): NewRun {
  const { data, config, overrides, seed, env } = args;
  if (data === undefined) throw usage("--data is missing: name the atlas folder");
  const configFile = findPreset(trainer, config ?? "mini") ?? config;
  if (configFile === undefined) throw usage("--config is missing: this installation has no presets");
  // The default leaves the seed that the file has.
  const seeded = seed === "0" ? overrides : [`train.seed=${seed}`, ...overrides];
  const findModel = (named: string) => resolveCheckpoint(named, env);
  return { trainer, configFile, overrides: seeded, atlas: data, findModel };
}

function resumeRun(output: string, trainer: TrainerName, args: RunArguments, options: Options) {
  const { data, config, overrides } = args;
  if (config !== undefined || overrides.length > 0)
    throw usage("--resume continues with the run's own configuration: leave --config and changes out");
  return resumeTraining(output, trainer, { ...options, ...(data === undefined ? {} : { atlas: data }) });
}

function describeEstimate(estimate: TrainingEstimate): string[] {
  const { parameters, secondsPerStep, secondsPerValidation, totalSeconds, peakBytes, diskBytes } = estimate;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return [
    `parameters  ${parameters}`,
    `time        ${formatDuration(1000 * totalSeconds)}: ${secondsPerStep.toPrecision(3)} s per step, ${secondsPerValidation.toPrecision(3)} s per validation`,
    `memory      ${megabytes(peakBytes)}`,
    `disk        ${megabytes(diskBytes)} in the run folder at most, without samples and metrics`,
  ];
}

function describeLosses({ scores }: TrainingProgress): string {
  const losses = Object.entries(scores).filter(([name]) => name.startsWith("loss."));
  return losses.map(([name, value]) => `${name.slice("loss.".length)} ${value.toPrecision(4)}`).join("  ");
}

function isTrainer(name: string): name is TrainerName {
  return (trainerNames as readonly string[]).includes(name);
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
