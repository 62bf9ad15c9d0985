/**
 * The graphs of a training step, before any runtime: losses, flat vectors, and the states that are read and written.
 *
 * With one micro-batch per step there is one graph, from batch to updated parameters; with several, on one rank or on
 * many, a first graph adds gradients up and a second one applies them. Where the host takes the step, a graph ends in the
 * gradients.
 */
import { checkWeights } from "../compile.ts";
import { grad } from "../gradient.ts";
import { add, mul } from "../ops/elementwise.ts";
import type { StatePart } from "../runtime/runtime.ts";
import { input, type NdArray, parameterOperator, type Tensor } from "../tensor.ts";
import { type InputTypes, type Model, type Tensors, type Trace, trace } from "../trace.ts";
import { type AdamWOptions, adamW, scheduleLength } from "./adamw.ts";
import { type FlatLayout, flatLayout, flatPart, flatten } from "./flat-layout.ts";
import type { MovingAverageOptions } from "./schedule.ts";

/** Parameters that are trained by one loss, and how. */
export interface TrainingGroup extends AdamWOptions {
  /** The beginning of the names of the group's parameters; the longest prefix wins. */
  prefix: string;
  /** The moving average of the group's parameters; there is none when absent. */
  average?: MovingAverageOptions;
}

/** A model that returns a scalar loss for each group, and further scalars that are only reported. */
export type TrainingModel<I extends InputTypes, L extends string> = (...input: Parameters<Model<I>>) => {
  losses: Readonly<Record<L, Tensor>>;
  metrics?: Tensors;
};

/** The rows [B, width] of a micro-batch that the losses of all micro-batches of a step need. */
export type RowsModel<I extends InputTypes> = (...input: Parameters<Model<I>>) => Tensor;

/** Inputs of a model with shared rows, which the trainer feeds. */
export const sharedInputs = { rows: "gatheredRows", own: "ownRows" } as const;

/** The names of a group's flat vectors. */
export type VectorName = "parameters" | "firstMoment" | "secondMoment" | "average";

/** A training group with its parameters. */
export interface Group {
  /** The name of its loss. */
  readonly name: string;
  readonly options: TrainingGroup;
  /** Where each parameter lies in each of the group's vectors. */
  readonly layout: FlatLayout;
  readonly vectors: readonly VectorName[];
}

/** One graph, with what it is fed, the states that it reads, what it returns and the states that it leaves new. */
export interface StepGraph {
  readonly inputs: Map<string, Tensor>;
  readonly states: Map<string, Tensor>;
  readonly outputs: Map<string, Tensor>;
  /** Output name -> state name. */
  readonly writes: Record<string, string>;
  /** The inputs and outputs that are parts of flat vectors. */
  readonly parts: Record<string, StatePart>;
}

/** All graphs of a training step. */
export interface TrainingGraphs {
  readonly groups: readonly Group[];
  /** Where each buffer that the model updates lies in their vector. */
  readonly buffers: FlatLayout;
  /** Whether a step has several micro-batches, whose updates of the buffers are averaged when the step ends. */
  readonly collectsBuffers: boolean;
  /** Goes from a batch to the updated parameters, or to the summed gradients if `apply` is there. */
  readonly main: StepGraph;
  /** Goes from the summed gradients to the updated parameters. */
  readonly apply: StepGraph | undefined;
  /** Goes from a batch to the rows that all micro-batches of a step share; undefined where they share none. */
  readonly rows: (StepGraph & Pick<TrainingGraphs, "frozen" | "random">) | undefined;
  /** Whether the step is left to the host: `main` ends in the gradients, and there is no `apply`. */
  readonly onHost: boolean;
  readonly random: Trace["random"];
  /** The parameters of no group, and buffers that the model does not update. */
  readonly frozen: ReadonlyMap<string, { readonly tensor: Tensor; readonly value: NdArray }>;
}

/** Names the state of one of a group's vectors. */
export const stateName = (group: string, vector: VectorName | "gradients"): string => `${group}.${vector}`;
/** Names the input of a group's schedule. */
export const scheduleName = (group: string): string => `${group}.schedule`;
/** The state of all updated buffers. */
export const buffersState = "buffers";
/** The state in which a step of several micro-batches collects the mean of what they make of the buffers. */
export const bufferMeansState = "bufferMeans";

/** Lists every state that the graphs, or the host, read or write. */
export function stateNames({ groups, buffers, apply, onHost, collectsBuffers }: TrainingGraphs): string[] {
  const ofGroups = groups.flatMap(({ name, vectors }) => [
    ...vectors.map((vector) => stateName(name, vector)),
    ...(onHost || apply !== undefined ? [stateName(name, "gradients")] : []),
  ]);
  return [
    ...ofGroups,
    ...(buffers.length > 0 ? [buffersState] : []),
    ...(collectsBuffers ? [bufferMeansState] : []),
  ];
}

/**
 * Traces a model and builds the graphs of its training step. Gradients are scaled so that their sum over `accumulate`
 * micro-batches and `ranks` is their mean.
 *
 * @throws WeightsError when `weights` lack a parameter; Error for a group without parameters.
 */
export function trainingGraphs<I extends InputTypes, L extends string>(
  model: TrainingModel<I, L>,
  inputTypes: I,
  options: {
    groups: Readonly<Record<L, TrainingGroup>>;
    weights: ReadonlyMap<string, NdArray>;
    accumulate: number;
    ranks?: number;
    onHost?: boolean;
    sharedRows?: RowsModel<I> | undefined;
  },
): TrainingGraphs {
  const { weights, accumulate, ranks = 1, onHost = false } = options;
  const scale = (gradient: Tensor) =>
    accumulate * ranks > 1 ? mul(gradient, 1 / (accumulate * ranks)) : gradient;
  const flatModel = withNamedLosses(model);
  const declared = trace(flatModel, inputTypes);
  checkWeights(declared, weights);
  const groups = groupParameters(declared, options.groups);
  const updated = [...declared.parameters].filter(([name]) => declared.updates.has(name));
  const buffers = flatLayout(updated.map(([name, { shape }]) => [name, shape]));

  // The second tracing reads trained parameters and updated buffers out of flat vectors. In main memory a part of a
  // vector is read and written where it lies; on a device the vector is one buffer, which the graph takes apart.
  const state = { groups, buffers, onHost };
  const { graph: main, flats, flatBuffers, traced } = traceWithState(flatModel, inputTypes, state);
  const updates = [...buffers.entries.keys()].map((name) => traced.updates.get(name)!);
  const collectsBuffers = flatBuffers !== undefined && accumulate * ranks > 1;
  const readMeans = () => readState(main, bufferMeansState, buffers.length);
  if (collectsBuffers) writeState(main, bufferMeansState, add(readMeans(), scale(flatten(updates))));
  else if (flatBuffers !== undefined) writeState(main, buffersState, flatten(updates));

  const apply = accumulate * ranks > 1 && !onHost ? emptyGraph() : undefined;
  for (const group of groups) {
    const parameters = [...group.layout.entries.keys()];
    const targets = parameters.map((name) => traced.parameters.get(name)!.tensor);
    const gradients = grad(traced.outputs[`loss.${group.name}`]!, targets);
    if (onHost)
      for (const [index, parameter] of parameters.entries())
        writeGradient(main, group, parameter, scale(gradients[index]!), accumulate > 1);
    else if (apply === undefined) addUpdate(main, group, flats.get(group.name)!, flatten(gradients));
    else addSums(main, apply, group, scale(flatten(gradients)), accumulate > 1);
  }
  const frozen = frozenOf(traced, weights);
  const rows = options.sharedRows && rowsGraph(options.sharedRows, inputTypes, state, weights);
  return { groups, buffers, collectsBuffers, main, apply, rows, onHost, random: traced.random, frozen };
}

/** Traces a model that reads trained parameters and updated buffers out of the states of a graph. */
function traceWithState<I extends InputTypes>(
  model: Model<I>,
  inputTypes: I,
  { groups, buffers, onHost }: Pick<TrainingGraphs, "groups" | "buffers" | "onHost">,
) {
  const graph = emptyGraph();
  const readParameters = ({ name, layout }: Group) =>
    [name, readState(graph, stateName(name, "parameters"), layout.length)] as const;
  const flats = new Map(onHost ? [] : groups.map(readParameters));
  const flatBuffers = buffers.length > 0 ? readState(graph, buffersState, buffers.length) : undefined;
  const traced = trace(model, inputTypes, (name) => {
    const group = groups.find(({ layout }) => layout.entries.has(name));
    if (group !== undefined) {
      const flat = flats.get(group.name);
      return flat ? flatPart(group.layout, flat, name) : readPart(graph, group, "parameters", name);
    }
    return flatBuffers && flatPart(buffers, flatBuffers, name);
  });
  for (const [name, tensor] of traced.inputs) graph.inputs.set(name, tensor);
  for (const [name, { tensor }] of traced.random) graph.inputs.set(`random.${name}`, tensor);
  for (const [name, tensor] of Object.entries(traced.outputs)) graph.outputs.set(name, tensor);
  return { graph, flats, flatBuffers, traced };
}

/** The values of the parameters that no group trains. */
function frozenOf(traced: Trace, weights: ReadonlyMap<string, NdArray>): TrainingGraphs["frozen"] {
  const own = [...traced.parameters].filter(([, { tensor }]) => tensor.node.operator === parameterOperator);
  return new Map(own.map(([name, { tensor }]) => [name, { tensor, value: weights.get(name)! }]));
}

/** The graph of the rows that micro-batches share: it reads the states that the step begins with and writes none. */
function rowsGraph<I extends InputTypes>(
  sharedRows: RowsModel<I>,
  inputTypes: I,
  state: Pick<TrainingGraphs, "groups" | "buffers" | "onHost">,
  weights: ReadonlyMap<string, NdArray>,
): NonNullable<TrainingGraphs["rows"]> {
  const shared: readonly string[] = Object.values(sharedInputs);
  const own = Object.fromEntries(Object.entries(inputTypes).filter(([name]) => !shared.includes(name)));
  const model: Model<I> = (w, inputs, random) => ({ rows: sharedRows(w, inputs, random) });
  const { graph, traced } = traceWithState(model, own as I, state);
  return { ...graph, frozen: frozenOf(traced, weights), random: traced.random };
}

/** The model with its losses and metrics in one record, the losses as `loss.<name>`. */
function withNamedLosses<I extends InputTypes, L extends string>(model: TrainingModel<I, L>): Model<I> {
  return (w, inputs, random) => {
    const { losses, metrics = {} } = model(w, inputs, random);
    const named = Object.entries<Tensor>(losses).map(([name, loss]) => [`loss.${name}`, loss]);
    return { ...Object.fromEntries(named), ...metrics };
  };
}

/** Writes a group's gradients, or their sum over micro-batches, where `apply` updates the parameters by them. */
function addSums(main: StepGraph, apply: StepGraph, group: Group, gradient: Tensor, isSum: boolean): void {
  const { length } = group.layout;
  const sums = stateName(group.name, "gradients");
  writeState(main, sums, isSum ? add(readState(main, sums, length), gradient) : gradient);
  const sum = readState(apply, sums, length);
  addUpdate(apply, group, readState(apply, stateName(group.name, "parameters"), length), sum);
  writeState(apply, sums, mul(sum, 0));
}

/** Adds AdamW on one group's vectors, with its schedule as a further input. */
function addUpdate(graph: StepGraph, group: Group, parameters: Tensor, gradient: Tensor): void {
  const { name, layout, vectors, options } = group;
  const read = (vector: VectorName) => readState(graph, stateName(name, vector), layout.length);
  const schedule = input(scheduleName(name), { dtype: "float32", shape: [scheduleLength] });
  graph.inputs.set(scheduleName(name), schedule);
  const [firstMoment, secondMoment] = [read("firstMoment"), read("secondMoment")];
  const average = vectors.includes("average") ? { average: read("average") } : {};
  const next = adamW({ parameters, firstMoment, secondMoment, ...average }, gradient, schedule, options);
  for (const vector of vectors) writeState(graph, stateName(name, vector), next[vector]!);
  graph.outputs.set(`${name}.gradientNorm`, next.gradientNorm);
}

/** Leaves one parameter's gradient in the group's vector, or adds it to what is there. */
function writeGradient(
  graph: StepGraph,
  group: Group,
  parameter: string,
  gradient: Tensor,
  adds: boolean,
): void {
  const part = partOf(group, "gradients", parameter);
  const output = `next.${part.state}.${parameter}`;
  const value = adds ? add(readPart(graph, group, "gradients", parameter), gradient) : gradient;
  graph.outputs.set(output, value);
  graph.writes[output] = part.state;
  graph.parts[output] = part;
}

function readPart(
  graph: StepGraph,
  group: Group,
  vector: "parameters" | "gradients",
  parameter: string,
): Tensor {
  const part = partOf(group, vector, parameter);
  const name = `${part.state}.${parameter}`;
  const tensor = input(name, { dtype: "float32", shape: part.shape });
  graph.states.set(name, tensor);
  graph.parts[name] = part;
  return tensor;
}

function partOf({ name, layout }: Group, vector: "parameters" | "gradients", parameter: string): StatePart {
  const { offset, shape } = layout.entries.get(parameter)!;
  return { state: stateName(name, vector), offset, shape };
}

const emptyGraph = (): StepGraph => ({
  ...{ inputs: new Map(), states: new Map(), outputs: new Map() },
  ...{ writes: {}, parts: {} },
});

function readState(graph: StepGraph, name: string, length: number): Tensor {
  const tensor = input(name, { dtype: "float32", shape: [length] });
  graph.states.set(name, tensor);
  return tensor;
}

function writeState(graph: StepGraph, name: string, value: Tensor): void {
  graph.outputs.set(`next.${name}`, value);
  graph.writes[`next.${name}`] = name;
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
    const vectors: VectorName[] = ["parameters", "firstMoment", "secondMoment"];
    return {
      name,
      options: group,
      layout,
      vectors: group.average === undefined ? vectors : [...vectors, "average"],
    };
  });
}
