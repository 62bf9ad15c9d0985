// A trainer is a name, the schema of its configuration, and a function that prepares a run. What all trainers have in
// common is `createTrainingJob`: it traces the network once for the parameters that it declares, gives them their initial
// values, compiles the training step, and passes the averaged weights to validation and to the files of the model.
//
//     export const classifier = defineTrainer("classifier", classifierSchema, async (preparation) => {
//       const images = await openTrainingImages(preparation.atlas, preparation.config.data);
//       return createTrainingJob(preparation, { inputs, model, groups: { classifier: {} }, batch, ... });
//     });

import {
  type Collective,
  createTrainer,
  type InputTypes,
  type NdArray,
  type RowsModel,
  type Runtime,
  singleProcess,
  type TrainingGroup,
  type TrainingModel,
  trace,
} from "@proteoscope/engine";
import type { FileSource } from "@proteoscope/models";
import type { z } from "zod";
import { ConfigError } from "../config/compose.ts";
import { adamWOf, type LoopConfig } from "./config.ts";
import { startingWeights } from "./initial-weights.ts";
import type { Batch, PrepareOptions, TrainingJob } from "./loop.ts";
import type { ModelFiles } from "./model-files.ts";
import type { BestChoice, Scores } from "./scores.ts";
import { trainedPrefix, trainPart } from "./trained-part.ts";
import type { ItemScores } from "./validation-sets.ts";

type StateDict = ReadonlyMap<string, NdArray>;

/** What a trainer prepares a run from. */
export interface Preparation<Config> extends PrepareOptions {
  readonly runtime: Runtime;
  /** The processes that train together; default one alone. */
  readonly collective?: Collective | undefined;
  readonly config: Config;
  /** The atlas folder. */
  readonly atlas: string;
}

export interface TrainerDefinition<Name extends string = string> {
  /** As in `proteoscope train <name>`. */
  readonly name: Name;
  readonly schema: z.ZodObject;
  /**
   * Reads and checks everything that a run needs, so that an error of the data comes before the first step. The
   * configuration is one that `schema` has checked.
   */
  prepare(preparation: Preparation<Readonly<Record<string, unknown>>>): Promise<TrainingJob>;
}

/** Defines a trainer; `trainers/index.ts` lists them all. */
export function defineTrainer<Name extends string, Schema extends z.ZodObject>(
  name: Name,
  schema: Schema,
  prepare: (preparation: Preparation<z.infer<Schema>>) => Promise<TrainingJob>,
): TrainerDefinition<Name> {
  return { name, schema, prepare: (preparation) => prepare(preparation as Preparation<z.infer<Schema>>) };
}

/** Parameters that one loss trains. */
export interface TrainedGroup {
  /** Prefix of their names; default "", all of them. */
  readonly prefix?: string;
  /** Which of those are trained; default all. The others stay at their initial values. */
  readonly isTrained?: ((name: string) => boolean) | undefined;
  /** Whether validation and the model's files take their moving average; default true. */
  readonly isAveraged?: boolean;
}

/** A network and how it learns: what differs from trainer to trainer. */
export interface TrainedNetwork<I extends InputTypes, L extends string> {
  /** Types of a batch, with its fixed sizes. */
  readonly inputs: I;
  /** One scalar loss per group, and further scalars that are reported. */
  readonly model: TrainingModel<I, L>;
  /** Rows that the losses of all micro-batches of a step share; see the engine's `TrainerOptions`. */
  readonly sharedRows?: RowsModel<I> | undefined;
  /** By the name of the loss. */
  readonly groups: Readonly<Record<L, TrainedGroup>>;
  /** Values of what no group trains, by the names that the model reads. */
  readonly frozen?: StateDict;
  /** The weights of an earlier run's `model` folder, by the same names. */
  earlierWeights(folder: FileSource): Promise<StateDict>;
  /** The micro-batch of an index that counts from 0 through the whole run: a function of the seed and the index alone. */
  batch(index: number): Promise<Batch>;
  /**
   * Scores on data that is not learned from; the weights are the averaged and the frozen ones. What is measured of single
   * proteins may be added to `log`.
   */
  validate(weights: StateDict, log: ItemScores[]): Promise<Scores>;
  /** The score that chooses the model of the run; by default the latest model is taken. */
  readonly best?: BestChoice;
  /** A PNG of what the network generates. */
  samples?(weights: StateDict): Promise<Uint8Array>;
  /** The files of the model folder. */
  files(weights: StateDict): Promise<ModelFiles>;
  /** Closes what the preparation opened. */
  close?(): Promise<void>;
}

/**
 * Compiles the training step of a network.
 * @throws ConfigError where `train.start_from` holds another network, or the processes cannot share the micro-batches of a
 * step; WeightsError where `frozen` lacks a parameter.
 */
export async function createTrainingJob<I extends InputTypes, L extends string>(
  preparation: Pick<Preparation<{ readonly train: LoopConfig }>, "runtime" | "config" | "collective">,
  network: TrainedNetwork<I, L>,
): Promise<TrainingJob> {
  const { train } = preparation.config;
  const { accumulate } = train;
  const { collective = singleProcess } = preparation;
  const { rank, size } = collective;
  if (accumulate % size !== 0)
    throw new ConfigError(
      `train.accumulate: ${size} processes cannot share ${accumulate} micro-batches per step: ` +
        `give a multiple of ${size}`,
    );
  const own = accumulate / size;
  const { trainer, weights } = await compileTraining({ ...preparation, collective }, network, own);
  return {
    trainer,
    collective,
    config: train,
    best: network.best,
    async batches(step) {
      const batches: Batch[] = [];
      for (let micro = 0; micro < own; micro++)
        batches.push(await network.batch(step * accumulate + rank * own + micro));
      return batches;
    },
    validate: async (log = []) => network.validate(await weights(), log),
    samples: network.samples && (async () => network.samples!(await weights())),
    files: async () => network.files(await weights()),
    async close() {
      await network.close?.();
      await trainer.close();
    },
  };
}

/** The engine's trainer, and a function that gives its averaged weights together with the frozen ones. */
async function compileTraining<I extends InputTypes, L extends string>(
  preparation: Pick<Preparation<{ readonly train: LoopConfig }>, "runtime" | "config"> & {
    readonly collective: Collective;
  },
  { inputs, model, groups, frozen = new Map(), earlierWeights, sharedRows }: TrainedNetwork<I, L>,
  accumulate: number,
) {
  const { runtime, collective } = preparation;
  const { train } = preparation.config;
  type Inputs = Parameters<TrainingModel<I, L>>[1];
  const named = Object.entries<TrainedGroup>(groups);
  const { parameters } = trace((w, batch: Inputs, random) => model(w, batch, random).losses, inputs);
  const isInGroup = (name: string) => named.some(([, { prefix = "" }]) => name.startsWith(prefix));
  const declared = new Map([...parameters].filter(([name]) => isInGroup(name)));
  const initial = new Map([...frozen, ...(await startingWeights(declared, train, earlierWeights))]);

  const partial = named.flatMap(([, { prefix = "", isTrained }]) =>
    isTrained ? [{ prefix, isTrained }] : [],
  );
  const isChosen = (name: string) =>
    partial.some(({ prefix, isTrained }) => name.startsWith(prefix) && isTrained(name));
  const part = trainPart(partial.length === 0 ? undefined : isChosen, initial);
  const optimized = named.map(([name, { prefix = "", isTrained, isAveraged = true }]) => {
    const { average, ...optimizer } = adamWOf(train);
    const start = isTrained === undefined ? prefix : `${trainedPrefix}${prefix}`;
    return [name, { prefix: start, ...optimizer, ...(isAveraged && { average }) }];
  });
  const trainer = await createTrainer(
    runtime,
    (w, batch: Inputs, random) => model(part.scope(w), batch, random),
    inputs,
    {
      groups: Object.fromEntries(optimized) as Record<L, TrainingGroup>,
      weights: part.rename(initial),
      seed: train.seed,
      ...{ accumulate, collective },
      sharedRows: sharedRows && ((w, batch, random) => sharedRows(part.scope(w), batch as Inputs, random)),
    },
  );
  const weights = async (): Promise<StateDict> =>
    new Map([...frozen, ...part.complete(await trainer.weights({ average: true }))]);
  return { trainer, weights };
}
