/**
 * Training steps: forward, backward, clipping, AdamW and moving average, with their state on the device.
 *
 *     const trainer = await createTrainer(runtime, model, inputTypes, { groups, weights, seed });
 *     const { "loss.net": loss } = await trainer.step(batch);
 *
 * Parameters are trained in groups by prefix of their names, each with its own loss and optimiser (an autoencoder
 * and its discriminator, say); parameters of no group are frozen and become part of the graph. With a `collective`,
 * gradients become their mean over the ranks between the graph and the optimiser, so that every rank takes one step.
 */
import type { Collective } from "../distributed/collective.ts";
import { singleProcess } from "../distributed/single-process.ts";
import { emitOnnxModel } from "../onnx/emit.ts";
import { trainingLowerings } from "../passes/device-lowerings.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { float32, type NdArray } from "../tensor.ts";
import type { InputTypes } from "../trace.ts";
import { hostSettings, scheduleLength, scheduleValues } from "./adamw.ts";
import { randomFeeds } from "./random-feeds.ts";
import { reduceOverRanks } from "./rank-exchange.ts";
import { movingAverageDecay } from "./schedule.ts";
import { openSharedRows } from "./shared-rows.ts";
import { readCheckpoint, readWeights, restoreCheckpoint, setInitialState } from "./trainer-state.ts";
import {
  type Group,
  type RowsModel,
  type StepGraph,
  scheduleName,
  stateName,
  stateNames,
  type TrainingGraphs,
  type TrainingGroup,
  type TrainingModel,
  trainingGraphs,
} from "./training-graph.ts";

/** Options of `createTrainer`. */
export interface TrainerOptions<L extends string> {
  /** The training groups, by the name of the loss that the model returns. */
  groups: Readonly<Record<L, TrainingGroup>>;
  /** The first values of trained parameters and buffers, and the values of frozen ones, float32 by state-dict name. */
  weights: ReadonlyMap<string, NdArray>;
  /** The seed of the random inputs. */
  seed: number;
  /** Number of micro-batches of this process that make one step. Default 1. */
  accumulate?: number;
  /**
   * The processes that train together, each on micro-batches of its own; this one alone when absent. Parameters and
   * buffers start as those of rank 0; frozen weights must be equal on all.
   */
  collective?: Collective;
  /**
   * What the loss of each micro-batch needs of all micro-batches of a step, on this rank and on the others, such as the
   * negatives of a contrastive loss: rows [B, width], made with the parameters that the step begins with. The model's inputs
   * `gatheredRows` [N, width] and `ownRows` [N, B], which is 1 where row n is row b of the micro-batch, are then fed by
   * the trainer. With a loss over all rows whose own ones pass `joinRows`, steps are those of one micro-batch of all
   * rows (GradCache; Gao et al. 2021, arXiv:2101.06983).
   */
  sharedRows?: RowsModel<InputTypes> | undefined;
}

/** A model in training. */
export interface Trainer<I extends string = string> {
  /** Number of steps taken so far. */
  readonly stepCount: number;
  /**
   * Takes one optimiser step on `accumulate` micro-batches. Returns `loss.<group>`, metrics (means over micro-batches and
   * ranks) and `<group>.gradientNorm`, the global norm before clipping.
   *
   * @throws Error for another number of micro-batches, and from the runtime for a batch that does not fit.
   */
  step(...batches: Readonly<Record<I, NdArray>>[]): Promise<Record<string, number>>;
  /** Reads trained parameters and buffers by name; with `average` the moving average of parameters that have one. */
  weights(options?: { average?: boolean }): Promise<Map<string, NdArray>>;
  /**
   * Reads all that `restore` needs to resume exactly: `parameters.*`, `firstMoment.*`, `secondMoment.*`, `average.*`,
   * `buffers.*`.
   */
  checkpoint(): Promise<Map<string, NdArray>>;
  /**
   * Resumes from a checkpoint, that of rank 0 on all ranks.
   *
   * @throws Error for an entry that is missing or has another length.
   */
  restore(checkpoint: ReadonlyMap<string, NdArray>, stepCount: number): Promise<void>;
  /** Frees graphs and state; the runtime and the collective stay open. */
  close(): Promise<void>;
}

/**
 * Compiles a model's training step and puts its state into the runtime. A runtime has room for one trainer at a time.
 * Long because the sessions, the count of steps and what is done with them are one closure.
 *
 * @throws WeightsError when `weights` lack a parameter; Error for a group without parameters; ShapeError from the model.
 */
export async function createTrainer<I extends InputTypes, L extends string>(
  runtime: Runtime,
  model: TrainingModel<I, L>,
  inputTypes: I,
  options: TrainerOptions<L>,
): Promise<Trainer<keyof I & string>> {
  const { weights, seed, accumulate = 1, collective = singleProcess } = options;
  const { rank, size: ranks } = collective;
  const onHost = runtime.update !== undefined;
  const graphs = trainingGraphs(model, inputTypes, { ...options, accumulate, ranks, onHost });
  const { groups } = graphs;
  const session = await loadGraph(runtime, graphs.main, graphs.frozen);
  const applySession = graphs.apply && (await loadGraph(runtime, graphs.apply, new Map()));
  const shared = await openSharedRows(
    graphs,
    (graph, frozen) => loadGraph(runtime, graph, frozen),
    collective,
  );
  await setInitialState(runtime, collective, graphs, weights);
  let stepCount = 0;

  /** Runs the main graph on each micro-batch; returns the means of losses and metrics. */
  const runMicroBatches = async (
    batches: readonly Readonly<Record<string, NdArray>>[],
    schedules: Readonly<Record<string, NdArray>>,
  ) => {
    const means: Record<string, number> = {};
    const keyOf = (micro: number) => ({ seed, step: stepCount, microBatch: rank * accumulate + micro });
    const sharedFeeds = await shared?.gather(batches, keyOf);
    for (const [micro, batch] of batches.entries()) {
      const feeds = { ...batch, ...randomFeeds(graphs, batch, keyOf(micro)), ...sharedFeeds?.(micro) };
      const outputs = await session.run(applySession === undefined ? { ...feeds, ...schedules } : feeds);
      for (const [name, value] of Object.entries(numbersOf(outputs)))
        means[name] = (means[name] ?? 0) + (1 / accumulate) * value;
    }
    return means;
  };

  return {
    get stepCount() {
      return stepCount;
    },
    step: async (...batches) => {
      if (batches.length !== accumulate)
        throw new Error(`step: expected ${accumulate} micro-batches, got ${batches.length}`);
      const schedules = onHost ? {} : scheduleFeeds(groups, stepCount);
      const own = await runMicroBatches(batches, schedules);
      const report = await reduceOverRanks(runtime, collective, graphs, own);
      if (applySession !== undefined) Object.assign(report, numbersOf(await applySession.run(schedules)));
      if (onHost) Object.assign(report, await stepGroupsOnHost(runtime, groups, stepCount, accumulate > 1));
      stepCount++;
      return report;
    },
    weights: (which = {}) => readWeights(runtime, graphs, which),
    checkpoint: () => readCheckpoint(runtime, graphs),
    restore: async (checkpoint, steps) => {
      await restoreCheckpoint(runtime, collective, graphs, checkpoint);
      stepCount = steps;
    },
    close: async () => {
      await session.close();
      await applySession?.close();
      await shared?.close();
      for (const name of stateNames(graphs)) await runtime.deleteState(name);
    },
  };
}

/** The scalar outputs of a run. */
function numbersOf(outputs: Readonly<Record<string, NdArray>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, (data as Float32Array)[0]!]),
  );
}

function loadGraph(
  runtime: Runtime,
  graph: StepGraph,
  initializers: TrainingGraphs["frozen"],
): Promise<Session> {
  const { inputs, states, outputs, writes, parts } = graph;
  const interfaces = { inputs: new Map([...inputs, ...states]), outputs, initializers };
  const emitted = emitOnnxModel(interfaces, { lowerings: trainingLowerings(runtime.device) });
  const { model, externalData } = emitted;
  return runtime.load(model, { reads: [...states.keys()], writes, parts, externalData, transfer: true });
}

/** Gives each group's schedule vector of a step. */
function scheduleFeeds(groups: readonly Group[], step: number): Record<string, NdArray> {
  const feeds = groups.map((group) => {
    const values = scheduleValues(group.options, step, decayOf(group, step));
    return [scheduleName(group.name), float32([scheduleLength], values)] as const;
  });
  return Object.fromEntries(feeds);
}

/** Takes AdamW's step on the states of all groups; returns the norms of their gradients. */
async function stepGroupsOnHost(
  runtime: Runtime,
  groups: readonly Group[],
  step: number,
  clearsGradient: boolean,
): Promise<Record<string, number>> {
  const norms: Record<string, number> = {};
  for (const group of groups)
    norms[`${group.name}.gradientNorm`] = await stepOnHost(runtime, group, step, clearsGradient);
  return norms;
}

/** Takes AdamW's step on one group's states; returns the gradient's norm. */
function stepOnHost(runtime: Runtime, group: Group, step: number, clearsGradient: boolean): Promise<number> {
  const { name, options, vectors } = group;
  const states = {
    gradient: stateName(name, "gradients"),
    parameters: stateName(name, "parameters"),
    firstMoment: stateName(name, "firstMoment"),
    secondMoment: stateName(name, "secondMoment"),
    ...(vectors.includes("average") ? { average: stateName(name, "average") } : {}),
  };
  const settings = hostSettings(options, step, decayOf(group, step));
  return runtime.update!({ optimizer: "adamw", settings, clearsGradient }, states);
}

function decayOf({ options }: Group, step: number): number {
  return options.average === undefined ? 1 : movingAverageDecay(options.average)(step);
}
