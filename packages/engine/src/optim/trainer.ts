/**
 * Training: forward, backward, clipping, AdamW and moving average as one compiled graph, with its state on the device.
 *
 * Parameters are trained in groups by prefix of their names, each with its own loss and optimiser (an autoencoder
 * and its discriminator, say); parameters of no group are frozen and become part of the graph. With several
 * micro-batches a step, gradients are summed by one graph and applied by a second one.
 */
import { checkWeights } from "../compile.ts";
import { grad } from "../gradient.ts";
import { emitOnnx } from "../onnx/emit.ts";
import { add, mul } from "../ops/elementwise.ts";
import { createGenerator } from "../random/generator.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { fixed } from "../shape.ts";
import { input, type NdArray, parameterOperator, type Tensor } from "../tensor.ts";
import { type InputTypes, type Model, type Tensors, type Trace, trace } from "../trace.ts";
import { type AdamWOptions, adamW, scheduleLength, scheduleValues } from "./adamw.ts";
import { type FlatLayout, flatLayout, flatPart, flatten, packFlat, unpackFlat } from "./flat-layout.ts";
import { type MovingAverageOptions, movingAverageDecay } from "./schedule.ts";

export interface TrainingGroup extends AdamWOptions {
  /** Parameters whose names begin with this are trained by the group; the longest prefix wins. */
  prefix: string;
  average?: MovingAverageOptions;
}

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

/** A model that returns a scalar loss for each group, and further scalars that are reported. */
export type TrainingModel<I extends InputTypes, L extends string> = (...input: Parameters<Model<I>>) => {
  losses: Readonly<Record<L, Tensor>>;
  metrics?: Tensors;
};

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

const vectors = ["parameters", "firstMoment", "secondMoment", "average"] as const;
type VectorName = (typeof vectors)[number];

interface Group {
  readonly name: string;
  readonly options: TrainingGroup;
  readonly layout: FlatLayout;
  readonly vectorNames: readonly VectorName[];
  readonly decay: (step: number) => number;
}

export async function createTrainer<I extends InputTypes, L extends string>(
  runtime: Runtime,
  model: TrainingModel<I, L>,
  inputTypes: I,
  options: TrainerOptions<L>,
): Promise<Trainer<keyof I & string>> {
  const { weights, seed, accumulate = 1 } = options;
  const flatModel: Model<I> = (w, inputs, random) => {
    const { losses, metrics = {} } = model(w, inputs, random);
    return { ...prefixed("loss.", losses), ...metrics };
  };
  const declared = trace(flatModel, inputTypes);
  checkWeights(declared, weights);
  const groups = groupParameters(declared, options.groups);
  const bufferLayout = flatLayout(
    [...declared.parameters]
      .filter(([name]) => declared.updates.has(name))
      .map(([name, { shape }]) => [name, shape]),
  );

  // Second tracing, in which trained parameters are parts of flat vectors.
  const states = new Map<string, Tensor>();
  const stateInput = (name: string, length: number) => {
    const tensor = input(name, { dtype: "float32", shape: [length] });
    states.set(name, tensor);
    return tensor;
  };
  const flats = groups.map((group) => stateInput(`${group.name}.parameters`, group.layout.length));
  const buffers = bufferLayout.length > 0 ? stateInput("buffers", bufferLayout.length) : undefined;
  const bind = (name: string): Tensor | undefined => {
    const index = groups.findIndex(({ layout }) => layout.entries.has(name));
    if (index >= 0) return flatPart(groups[index]!.layout, flats[index]!, name);
    return buffers && flatPart(bufferLayout, buffers, name);
  };
  const traced = trace(flatModel, inputTypes, bind);
  const frozen = new Map(
    [...traced.parameters]
      .filter(([, { tensor }]) => tensor.node.operator === parameterOperator)
      .map(([name, { tensor }]) => [name, { tensor, value: weights.get(name)! }]),
  );

  const results = new Map<string, Tensor>(Object.entries(traced.outputs));
  const writes: Record<string, string> = {};
  const write = (state: string, value: Tensor, into: Map<string, Tensor>, target: Record<string, string>) => {
    into.set(`next.${state}`, value);
    target[`next.${state}`] = state;
  };
  if (buffers !== undefined)
    write(
      "buffers",
      flatten([...bufferLayout.entries.keys()].map((name) => traced.updates.get(name)!)),
      results,
      writes,
    );
  const gradients = groups.map(({ name, layout }) => {
    const targets = [...layout.entries.keys()].map((parameter) => traced.parameters.get(parameter)!.tensor);
    return flatten(grad(traced.outputs[`loss.${name}`]!, targets));
  });

  const schedules = new Map<string, Tensor>();
  const update = (
    group: Group,
    index: number,
    gradient: Tensor,
    into: Map<string, Tensor>,
    target: Record<string, string>,
  ) => {
    const { name, layout, vectorNames } = group;
    const state = Object.fromEntries(
      vectorNames.map((vector) => [
        vector,
        vector === "parameters" ? flats[index]! : stateInput(`${name}.${vector}`, layout.length),
      ]),
    ) as Record<VectorName, Tensor>;
    const schedule = input(`${name}.schedule`, { dtype: "float32", shape: [scheduleLength] });
    schedules.set(`${name}.schedule`, schedule);
    const next = adamW(state, gradient, schedule, group.options);
    for (const vector of vectorNames) write(`${name}.${vector}`, next[vector]!, into, target);
    into.set(`${name}.gradientNorm`, next.gradientNorm);
  };

  const random = new Map([...traced.random].map(([name, { tensor }]) => [`random.${name}`, tensor]));
  const load = (
    inputs: ReadonlyMap<string, Tensor>,
    outputs: ReadonlyMap<string, Tensor>,
    target: Record<string, string>,
    initializers = frozen,
  ) => {
    const reads = [...states.keys()];
    return runtime.load(emitOnnx({ inputs: new Map([...inputs, ...states]), outputs, initializers }), {
      reads,
      writes: target,
    });
  };
  let session: Session;
  let applySession: Session | undefined;
  if (accumulate === 1) {
    groups.forEach((group, index) => void update(group, index, gradients[index]!, results, writes));
    session = await load(new Map([...traced.inputs, ...random, ...schedules]), results, writes);
  } else {
    groups.forEach(({ name, layout }, index) => {
      const sum = stateInput(`${name}.gradients`, layout.length);
      write(`${name}.gradients`, add(sum, mul(gradients[index]!, 1 / accumulate)), results, writes);
    });
    session = await load(new Map([...traced.inputs, ...random]), results, writes);
    states.clear();
    const applied = new Map<string, Tensor>();
    const appliedWrites: Record<string, string> = {};
    groups.forEach((group, index) => {
      states.set(`${group.name}.parameters`, flats[index]!);
      const sum = stateInput(`${group.name}.gradients`, group.layout.length);
      update(group, index, sum, applied, appliedWrites);
      write(`${group.name}.gradients`, mul(sum, 0), applied, appliedWrites);
    });
    applySession = await load(schedules, applied, appliedWrites, new Map());
  }

  const zeros = (length: number): NdArray => ({
    dtype: "float32",
    shape: [length],
    data: new Float32Array(length),
  });
  for (const { name, layout, vectorNames } of groups) {
    const initial = packFlat(layout, weights);
    for (const vector of vectorNames)
      await runtime.setState(
        `${name}.${vector}`,
        vector === "parameters" || vector === "average" ? initial : zeros(layout.length),
      );
    if (accumulate > 1) await runtime.setState(`${name}.gradients`, zeros(layout.length));
  }
  if (buffers !== undefined) await runtime.setState("buffers", packFlat(bufferLayout, weights));

  let stepCount = 0;
  const randomFeeds = (micro: number): Record<string, NdArray> =>
    Object.fromEntries(
      [...traced.random].map(([name, { tensor, distribution }]) => {
        const shape = tensor.shape.map((dim) => fixed(dim, "random input", name));
        const generator = createGenerator(seed, "training", name, stepCount, micro);
        return [
          `random.${name}`,
          { dtype: "float32", shape, data: generator[distribution](shape.reduce((n, dim) => n * dim, 1)) },
        ];
      }),
    );
  const scheduleFeeds = (): Record<string, NdArray> =>
    Object.fromEntries(
      groups.map(({ name, options: group, decay }) => [
        `${name}.schedule`,
        {
          dtype: "float32",
          shape: [scheduleLength],
          data: scheduleValues(group, stepCount, decay(stepCount)),
        },
      ]),
    );

  return {
    get stepCount() {
      return stepCount;
    },
    step: async (...batches) => {
      if (batches.length !== accumulate)
        throw new Error(`step: expected ${accumulate} micro-batches, got ${batches.length}`);
      const totals: Record<string, number> = {};
      const report = (outputs: Record<string, NdArray>, factor: number) => {
        for (const [name, { data }] of Object.entries(outputs))
          totals[name] = (totals[name] ?? 0) + factor * (data as Float32Array)[0]!;
      };
      for (const [micro, batch] of batches.entries()) {
        const feeds = {
          ...batch,
          ...randomFeeds(micro),
          ...(applySession === undefined ? scheduleFeeds() : {}),
        };
        report(await session.run(feeds), 1 / accumulate);
      }
      if (applySession !== undefined) report(await applySession.run(scheduleFeeds()), 1);
      stepCount++;
      return totals;
    },
    weights: async ({ average = false } = {}) => {
      const result = new Map<string, NdArray>();
      for (const { name, layout, vectorNames } of groups) {
        const vector = average && vectorNames.includes("average") ? "average" : "parameters";
        for (const [parameter, value] of unpackFlat(layout, await runtime.getState(`${name}.${vector}`)))
          result.set(parameter, value);
      }
      if (buffers !== undefined)
        for (const [name, value] of unpackFlat(bufferLayout, await runtime.getState("buffers")))
          result.set(name, value);
      return result;
    },
    checkpoint: async () => {
      const result = new Map<string, NdArray>();
      for (const { name, layout, vectorNames } of groups) {
        for (const vector of vectorNames)
          for (const [parameter, value] of unpackFlat(layout, await runtime.getState(`${name}.${vector}`)))
            result.set(`${vector}.${parameter}`, value);
      }
      if (buffers !== undefined)
        for (const [name, value] of unpackFlat(bufferLayout, await runtime.getState("buffers")))
          result.set(`buffers.${name}`, value);
      return result;
    },
    restore: async (checkpoint, steps) => {
      const part = (kind: string) =>
        new Map(
          [...checkpoint]
            .filter(([name]) => name.startsWith(`${kind}.`))
            .map(([name, value]) => [name.slice(kind.length + 1), value]),
        );
      for (const { name, layout, vectorNames } of groups)
        for (const vector of vectorNames)
          await runtime.setState(`${name}.${vector}`, packFlat(layout, part(vector)));
      if (buffers !== undefined) await runtime.setState("buffers", packFlat(bufferLayout, part("buffers")));
      stepCount = steps;
    },
    close: async () => {
      await session.close();
      await applySession?.close();
      const names = groups.flatMap(({ name, vectorNames }) => [
        ...vectorNames.map((vector) => `${name}.${vector}`),
        ...(accumulate > 1 ? [`${name}.gradients`] : []),
      ]);
      for (const name of [...names, ...(buffers === undefined ? [] : ["buffers"])])
        await runtime.deleteState(name);
    },
  };
}

function prefixed(prefix: string, tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

function groupParameters(declared: Trace, options: Readonly<Record<string, TrainingGroup>>): Group[] {
  const byLength = Object.entries(options).sort(([, a], [, b]) => b.prefix.length - a.prefix.length);
  const members = new Map<string, [string, readonly number[]][]>(byLength.map(([name]) => [name, []]));
  for (const [parameter, { shape, isBuffer }] of declared.parameters) {
    if (isBuffer) continue;
    const owner = byLength.find(([, { prefix }]) => parameter.startsWith(prefix));
    if (owner !== undefined) members.get(owner[0])!.push([parameter, shape]);
  }
  return Object.entries(options).map(([name, group]) => {
    const layout = flatLayout(members.get(name)!);
    if (layout.length === 0)
      throw new Error(`training group ${name}: no parameter begins with "${group.prefix}"`);
    return {
      name,
      options: group,
      layout,
      vectorNames: group.average === undefined ? vectors.slice(0, 3) : vectors,
      decay: group.average === undefined ? () => 1 : movingAverageDecay(group.average),
    };
  });
}
