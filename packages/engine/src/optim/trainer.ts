/**
 * Training: forward, backward, clipping, AdamW and moving average as one compiled graph, with its state on the device.
 *
 *     const trainer = await createTrainer(runtime, model, inputTypes, { groups, weights, seed });
 *     const { "loss.net": loss } = await trainer.step(batch);
 *
 * Parameters are trained in groups by prefix of their names, each with its own loss and optimiser (an autoencoder
 * and its discriminator, say); parameters of no group are frozen and become part of the graph.
 */

import { emitOnnxModel } from "../onnx/emit.ts";
import { trainingForms } from "../passes/device-forms.ts";
import { createGenerator } from "../random/generator.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { bindShape, elementCount } from "../shape.ts";
import { float32, type NdArray, type Tensor } from "../tensor.ts";
import type { InputTypes } from "../trace.ts";
import { hostSettings, scheduleLength, scheduleValues } from "./adamw.ts";
import { packFlat, unpackFlat } from "./flat-layout.ts";
import { movingAverageDecay } from "./schedule.ts";
import {
  buffersState,
  type Group,
  type StepGraph,
  scheduleName,
  stateName,
  stateNames,
  type TrainingGraphs,
  type TrainingGroup,
  type TrainingModel,
  trainingGraphs,
} from "./training-graph.ts";

export interface TrainerOptions<L extends string> {
  /** By the name of the loss that the model returns. */
  groups: Readonly<Record<L, TrainingGroup>>;
  /** Initial values of trained parameters and buffers, and the values of frozen ones. */
  weights: ReadonlyMap<string, NdArray>;
  /** Key of the random inputs. */
  seed: number;
  /** Micro-batches that are summed to one step. */
  accumulate?: number;
}

export interface Trainer<I extends string = string> {
  /** Steps taken so far. */
  readonly stepCount: number;
  /** One optimiser step on one batch, or on as many micro-batches as `accumulate` says; returns losses and metrics. */
  step(...batches: Readonly<Record<I, NdArray>>[]): Promise<Record<string, number>>;
  /** Trained parameters and buffers by name; the moving average of the parameters where there is one and it is wanted. */
  weights(options?: { average?: boolean }): Promise<Map<string, NdArray>>;
  /** All that `restore` needs to go on exactly: `parameters.*`, `firstMoment.*`, `secondMoment.*`, `average.*`, `buffers.*`. */
  checkpoint(): Promise<Map<string, NdArray>>;
  restore(checkpoint: ReadonlyMap<string, NdArray>, stepCount: number): Promise<void>;
  close(): Promise<void>;
}

export async function createTrainer<I extends InputTypes, L extends string>(
  runtime: Runtime,
  model: TrainingModel<I, L>,
  inputTypes: I,
  options: TrainerOptions<L>,
): Promise<Trainer<keyof I & string>> {
  const { weights, seed, accumulate = 1 } = options;
  const onHost = runtime.stepAdamW !== undefined;
  const graphs = trainingGraphs(model, inputTypes, { ...options, accumulate, onHost });
  const { groups, buffers } = graphs;
  const session = await loadGraph(runtime, graphs.main, graphs.frozen);
  const applySession = graphs.apply && (await loadGraph(runtime, graphs.apply, new Map()));
  await setInitialState(runtime, graphs, weights);
  let stepCount = 0;

  const readVector = async (group: Group, vector: Group["vectors"][number]) =>
    unpackFlat(group.layout, await runtime.getState(stateName(group.name, vector)));
  const readBuffers = async () =>
    buffers.length > 0
      ? unpackFlat(buffers, await runtime.getState(buffersState))
      : new Map<string, NdArray>();

  return {
    get stepCount() {
      return stepCount;
    },
    step: async (...batches) => {
      if (batches.length !== accumulate)
        throw new Error(`step: expected ${accumulate} micro-batches, got ${batches.length}`);
      const schedules = onHost ? {} : scheduleFeeds(groups, stepCount);
      const totals: Record<string, number> = {};
      const report = (outputs: Record<string, NdArray>, share: number) => {
        for (const [name, { data }] of Object.entries(outputs))
          totals[name] = (totals[name] ?? 0) + share * (data as Float32Array)[0]!;
      };
      for (const [micro, batch] of batches.entries()) {
        const feeds = { ...batch, ...randomFeeds(graphs, batch, seed, stepCount, micro) };
        const outputs = await session.run(applySession === undefined ? { ...feeds, ...schedules } : feeds);
        report(outputs, 1 / accumulate);
      }
      if (applySession !== undefined) report(await applySession.run(schedules), 1);
      if (onHost)
        for (const group of groups)
          totals[`${group.name}.gradientNorm`] = await stepOnHost(runtime, group, stepCount, accumulate > 1);
      stepCount++;
      return totals;
    },
    weights: async ({ average = false } = {}) => {
      const result = new Map<string, NdArray>();
      for (const group of groups) {
        const vector = average && group.vectors.includes("average") ? "average" : "parameters";
        for (const [name, value] of await readVector(group, vector)) result.set(name, value);
      }
      for (const [name, value] of await readBuffers()) result.set(name, value);
      return result;
    },
    checkpoint: async () => {
      const result = new Map<string, NdArray>();
      for (const group of groups) {
        for (const vector of group.vectors)
          for (const [name, value] of await readVector(group, vector)) result.set(`${vector}.${name}`, value);
      }
      for (const [name, value] of await readBuffers()) result.set(`${buffersState}.${name}`, value);
      return result;
    },
    restore: async (checkpoint, steps) => {
      const part = (kind: string) => {
        const inside = [...checkpoint].filter(([name]) => name.startsWith(`${kind}.`));
        return new Map(inside.map(([name, value]) => [name.slice(kind.length + 1), value]));
      };
      for (const { name, layout, vectors } of groups)
        for (const vector of vectors)
          await runtime.setState(stateName(name, vector), packFlat(layout, part(vector)));
      if (buffers.length > 0) await runtime.setState(buffersState, packFlat(buffers, part(buffersState)));
      stepCount = steps;
    },
    close: async () => {
      await session.close();
      await applySession?.close();
      for (const name of stateNames(graphs)) await runtime.deleteState(name);
    },
  };
}

function loadGraph(
  runtime: Runtime,
  graph: StepGraph,
  initializers: TrainingGraphs["frozen"],
): Promise<Session> {
  const { inputs, states, outputs, writes, parts } = graph;
  const interfaces = { inputs: new Map([...inputs, ...states]), outputs, initializers };
  const emitted = emitOnnxModel(interfaces, { forms: trainingForms(runtime.device) });
  const { model, externalData } = emitted;
  return runtime.load(model, { reads: [...states.keys()], writes, parts, externalData, transfer: true });
}

async function setInitialState(
  runtime: Runtime,
  { groups, buffers, apply, onHost }: TrainingGraphs,
  weights: ReadonlyMap<string, NdArray>,
): Promise<void> {
  for (const { name, layout, vectors } of groups) {
    const initial = packFlat(layout, weights);
    const zeros = float32([layout.length], new Float32Array(layout.length));
    for (const vector of vectors)
      await runtime.setState(stateName(name, vector), vector.endsWith("Moment") ? zeros : initial);
    if (onHost || apply !== undefined) await runtime.setState(stateName(name, "gradients"), zeros);
  }
  if (buffers.length > 0) await runtime.setState(buffersState, packFlat(buffers, weights));
}

/** Learning rate, bias corrections and decay of a step, for each group. */
function scheduleFeeds(groups: readonly Group[], step: number): Record<string, NdArray> {
  const feeds = groups.map((group) => {
    const values = scheduleValues(group.options, step, decayOf(group, step));
    return [scheduleName(group.name), float32([scheduleLength], values)] as const;
  });
  return Object.fromEntries(feeds);
}

/** AdamW on one group's states; returns the gradient's norm. */
function stepOnHost(runtime: Runtime, group: Group, step: number, clearsGradient: boolean): Promise<number> {
  const { name, options, vectors } = group;
  const states = {
    gradient: stateName(name, "gradients"),
    parameters: stateName(name, "parameters"),
    firstMoment: stateName(name, "firstMoment"),
    secondMoment: stateName(name, "secondMoment"),
    ...(vectors.includes("average") ? { average: stateName(name, "average") } : {}),
  };
  return runtime.stepAdamW!({
    states,
    settings: hostSettings(options, step, decayOf(group, step)),
    clearsGradient,
  });
}

function decayOf({ options }: Group, step: number): number {
  return options.average === undefined ? 1 : movingAverageDecay(options.average)(step);
}

/** The random inputs of a step: functions of seed, name, step and size, so that a resumed run draws the same. */
function randomFeeds(
  { random, main }: TrainingGraphs,
  batch: Readonly<Record<string, NdArray>>,
  seed: number,
  step: number,
  micro: number,
): Record<string, NdArray> {
  const sizes = openSizes(main.inputs, batch);
  const feeds = [...random].map(([name, { tensor, distribution }]) => {
    const shape = bindShape(tensor.shape, sizes, `random input ${name}`);
    const values = createGenerator(seed, "training", name, step, micro)[distribution](elementCount(shape));
    return [`random.${name}`, float32(shape, values)] as const;
  });
  return Object.fromEntries(feeds);
}

/** What the names of open dimensions stand for in a batch. */
function openSizes(
  inputs: ReadonlyMap<string, Tensor>,
  batch: Readonly<Record<string, NdArray>>,
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, { shape }] of inputs) {
    for (const [axis, dim] of shape.entries()) {
      const size = batch[name]?.shape[axis];
      if (typeof dim === "string" && size !== undefined) sizes.set(dim, size);
    }
  }
  return sizes;
}
