// One training run from its configuration to its end: what `proteoscope train` does, apart from words and exit codes.
// A resumed run takes its configuration from its own folder, so that it cannot go on as another run than it began.

import { resolve } from "node:path";
import { openRuntime } from "@proteoscope/engine/node";
import { parse } from "yaml";
import { z } from "zod";
import { ConfigError, checkConfig, overrideConfig, readConfig, writeConfig } from "../config/compose.ts";
import { autoencoderSchema, createAutoencoderJob } from "../trainers/autoencoder/job.ts";
import { classifierSchema, createClassifierJob } from "../trainers/classifier/job.ts";
import { clipSchema, createClipJob } from "../trainers/contrastive/clip.ts";
import { createTripletJob, tripletSchema } from "../trainers/contrastive/triplet.ts";
import { createCytoselfJob, cytoselfSchema } from "../trainers/cytoself/job.ts";
import { createCytoclassJob, cytoclassSchema } from "../trainers/cytoself-regressor/job.ts";
import { createDiffusionJob, diffusionSchema } from "../trainers/denoiser/job.ts";
import { createPlmHeadJob } from "../trainers/language-model/head.ts";
import { createPlmJob, plmSchema } from "../trainers/language-model/job.ts";
import { createLocalizerJob, localizerSchema } from "../trainers/localizer/job.ts";
import { createSequenceFeaturesJob, sequenceFeaturesSchema } from "../trainers/sequence-features/job.ts";
import { type PrepareOptions, runTraining, type TrainingJob, type TrainingOptions } from "./loop.ts";
import { openRunFolder, readRunConfig } from "./run-folder.ts";

type Runtime = Awaited<ReturnType<typeof openRuntime>>;

interface TrainerDefinition<Schema extends z.ZodObject = z.ZodObject> {
  readonly schema: Schema;
  create(
    runtime: Runtime,
    config: z.infer<Schema>,
    atlas: string,
    options: PrepareOptions,
  ): Promise<TrainingJob>;
}

const define = <Schema extends z.ZodObject>(definition: TrainerDefinition<Schema>) =>
  definition as unknown as TrainerDefinition;

const definitions = {
  plm: define({
    schema: plmSchema,
    create: (runtime, config, folder) =>
      (config.model.frozen ? createPlmHeadJob : createPlmJob)(runtime, config, folder),
  }),
  "sequence-features": define({ schema: sequenceFeaturesSchema, create: createSequenceFeaturesJob }),
  autoencoder: define({ schema: autoencoderSchema, create: createAutoencoderJob }),
  classifier: define({ schema: classifierSchema, create: createClassifierJob }),
  cytoself: define({ schema: cytoselfSchema, create: createCytoselfJob }),
  diffusion: define({ schema: diffusionSchema, create: createDiffusionJob }),
  localizer: define({ schema: localizerSchema, create: createLocalizerJob }),
  clip: define({ schema: clipSchema, create: createClipJob }),
  triplet: define({ schema: tripletSchema, create: createTripletJob }),
  cytoclass: define({ schema: cytoclassSchema, create: createCytoclassJob }),
};

export type TrainerName = keyof typeof definitions;
export const trainerNames = Object.keys(definitions) as TrainerName[];

export interface NewRun {
  readonly trainer: TrainerName;
  /** A YAML file. */
  readonly configFile: string;
  /** Words `key.path=value` that change it. */
  readonly overrides: readonly string[];
  /** The atlas folder. */
  readonly atlas: string;
  /** Where a finished network lies that the configuration names under `models`, by its path or as one of the Hub. */
  readonly findModel?: ((named: string) => Promise<string>) | undefined;
}

export interface TrainOptions extends TrainingOptions, PrepareOptions {
  readonly device: "auto" | "cpu" | "webgpu" | "cuda";
}

/** Begins a run in a folder that holds none. Throws ConfigError, FormatError, DivergedError. */
export async function startTraining(
  path: string,
  { trainer, configFile, overrides, atlas, findModel }: NewRun,
  options: TrainOptions,
): Promise<"finished" | "interrupted"> {
  const { schema } = definitions[trainer];
  const given = overrideConfig(await readConfig(configFile), overrides);
  const config = checkConfig(schema, await locateModels(given, findModel), configFile);
  const text = writeConfig({ trainer, atlas: resolve(atlas), ...config });
  return trainIn(path, text, { trainer, atlas, config }, options);
}

/** Goes on with the run in a folder, from its last checkpoint. Throws ConfigError, FormatError, DivergedError. */
export async function resumeTraining(
  path: string,
  trainer: TrainerName,
  options: TrainOptions,
): Promise<"finished" | "interrupted"> {
  const stored = await readRunConfig(path).catch((cause) => {
    throw new ConfigError(`${path} holds no run to resume`, { cause });
  });
  const { trainer: storedTrainer, atlas, ...rest } = parse(stored);
  if (storedTrainer !== trainer) throw new ConfigError(`${path} is a run of train ${storedTrainer}`);
  const config = checkConfig(definitions[trainer].schema, rest, `${path}/config.yaml`);
  return trainIn(path, undefined, { trainer, atlas: z.string().parse(atlas), config }, options);
}

/** The configuration with a folder for each model: a run that is resumed finds the same files. */
async function locateModels(
  given: Readonly<Record<string, unknown>>,
  findModel: NewRun["findModel"],
): Promise<Readonly<Record<string, unknown>>> {
  const { models } = given;
  if (findModel === undefined || typeof models !== "object" || models === null) return given;
  const located = Object.entries(models).map(
    async ([name, named]) => [name, typeof named === "string" ? await findModel(named) : named] as const,
  );
  return { ...given, models: Object.fromEntries(await Promise.all(located)) };
}

async function trainIn(
  path: string,
  configText: string | undefined,
  run: { trainer: TrainerName; atlas: string; config: Record<string, unknown> },
  { device, onRead, ...options }: TrainOptions,
): Promise<"finished" | "interrupted"> {
  const folder = await openRunFolder(path, { config: configText });
  try {
    const runtime = await openRuntime({ device });
    try {
      const job = await definitions[run.trainer].create(runtime, run.config, run.atlas, { onRead });
      try {
        return await runTraining(job, folder, options);
      } finally {
        await job.close?.();
        await job.trainer.close();
      }
    } finally {
      await runtime.close();
    }
  } finally {
    await folder.close();
  }
}
