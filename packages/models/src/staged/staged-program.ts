// Runs a network in stages from weights on disk: neighbouring stages are compiled together up to a number of bytes, each group
// with the weights that it needs, read as they are stored (16 or 32 bits) and released once the runtime has them. Groups stay
// open for networks that run often, or are closed one after the other for those that run once.

import {
  compile,
  type InputTypes,
  type NdArrays,
  type Program,
  type Runtime,
  type Tensors,
  type TensorType,
  trace,
  WeightsError,
} from "@proteoscope/engine";
import { elementCount, type NdArray, toFloat32 } from "@proteoscope/formats";
import type { StoredTensor } from "../checkpoints/stored-tensors.ts";
import { applyStages, boundariesOf, type Stage } from "./stages.ts";

/** A network in stages, the types of what it starts with, and the names of what is wanted of it. */
export interface StagedNetwork {
  readonly stages: readonly Stage[];
  readonly types: InputTypes;
  readonly outputs: readonly string[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** How groups are made and watched. */
export interface StagedOptions {
  /** Bytes of float32 weights up to which stages are compiled together. Default 512 MiB. */
  readonly groupBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of groups that are compiled, or that have run where they are closed after it. */
  readonly onGroup?: ((done: number, total: number) => void) | undefined;
}

/** A network whose groups are all open. */
export interface StagedProgram {
  /** The outputs, or the reason of the signal that it was opened with; `cached` inputs are sent to the runtime only where they are other objects than at the run before. */
  run(inputs: NdArrays, cached?: NdArrays): Promise<Record<string, NdArray>>;
  close(): Promise<void>;
}

const defaultGroupBytes = 2 ** 29;

/** Opens all groups of a network. @throws WeightsError for weights that do not fit; the signal's reason when it is aborted */
export async function openStaged(
  runtime: Runtime,
  network: StagedNetwork,
  options: StagedOptions = {},
): Promise<StagedProgram> {
  const groups = groupStages(network, options.groupBytes ?? defaultGroupBytes);
  const programs: Program[] = [];
  const close = async (): Promise<void> => {
    for (const program of programs.splice(0)) await program.close();
  };
  try {
    for (const group of groups) {
      options.signal?.throwIfAborted();
      programs.push(await openGroup(runtime, group, network.tensors));
      options.onGroup?.(programs.length, groups.length);
    }
  } catch (error) {
    await close();
    throw error;
  }
  // What each group reads of the cached inputs, the same objects from run to run, so that the runtime has them already.
  let last: { readonly cached: NdArrays; readonly ofGroups: readonly NdArrays[] } | undefined;
  return {
    close,
    async run(inputs, cached = {}) {
      if (last?.cached !== cached) {
        const isCached = (name: string): boolean => cached[name] !== undefined;
        last = { cached, ofGroups: groups.map(({ reads }) => pick(cached, reads.filter(isCached))) };
      }
      let values: NdArrays = { ...inputs, ...cached };
      for (const [index, group] of groups.entries()) {
        options.signal?.throwIfAborted();
        values = { ...values, ...(await runGroup(programs[index]!, group, values, last.ofGroups[index])) };
      }
      return pick(values, network.outputs);
    },
  };
}

/** Runs a network once, with one group in memory at a time. @throws as `openStaged` does */
export async function runStaged(
  runtime: Runtime,
  network: StagedNetwork,
  inputs: NdArrays,
  { groupBytes = defaultGroupBytes, signal, onGroup }: StagedOptions = {},
): Promise<Record<string, NdArray>> {
  const groups = groupStages(network, groupBytes);
  let values = inputs;
  for (const [index, group] of groups.entries()) {
    signal?.throwIfAborted();
    const program = await openGroup(runtime, group, network.tensors);
    try {
      values = { ...values, ...(await runGroup(program, group, values)) };
    } finally {
      await program.close();
    }
    onGroup?.(index + 1, groups.length);
  }
  return pick(values, network.outputs);
}

/** Stages that are compiled together. */
interface Group {
  readonly stages: readonly Stage[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly types: InputTypes;
}

/** Neighbouring stages together, up to so many bytes of weights. */
function groupStages({ stages, types, outputs }: StagedNetwork, groupBytes: number): Group[] {
  let known: Record<string, TensorType> = { ...types };
  const before: (typeof known)[] = [];
  const bytes: number[] = [];
  for (const stage of stages) {
    before.push(known);
    const { parameters, outputs: given } = trace(
      (w, values) => applyStages(w, [stage], values),
      pick(known, stage.reads),
    );
    bytes.push(
      [...parameters.values()].reduce((sum, { shape }) => sum + 4 * elementCount(shape as number[]), 0),
    );
    const written = stage.writes.map((name): [string, TensorType] => [name, typeOf(given[name]!)]);
    known = { ...known, ...Object.fromEntries(written) };
  }
  const groups: Group[] = [];
  for (let first = 0, end = 0; first < stages.length; first = end) {
    let sum = bytes[first]!;
    for (end = first + 1; end < stages.length && sum + bytes[end]! <= groupBytes; end += 1)
      sum += bytes[end]!;
    const { reads, writes } = boundariesOf(stages, { first, end, outputs });
    groups.push({
      ...{ stages: stages.slice(first, end), reads, writes },
      types: pick(before[first]!, reads),
    });
  }
  return groups;
}

function typeOf({ dtype, shape }: TensorType): TensorType {
  return { dtype, shape };
}

/** Compiles a group with its weights; a runtime's cache on disk is left alone, which weights of this size would empty. */
async function openGroup(
  { loadCached: _, ...runtime }: Runtime,
  { stages, writes, types }: Group,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Program> {
  const model = (w: Parameters<Stage["apply"]>[0], values: Tensors): Tensors => {
    const all = applyStages(w, stages, values);
    // An output of its own name: one that the group also reads would be input and output of one name.
    return Object.fromEntries(writes.map((name) => [outputName(name), all[name]!]));
  };
  const weights = new Map<string, NdArray>();
  for (const [name, { shape }] of trace(model, types).parameters) {
    const stored = tensors.get(name);
    if (stored === undefined) throw new WeightsError(`the weights do not fit: ${name} [${shape}] is missing`);
    const value = await stored.read();
    weights.set(name, { dtype: "float32", shape: value.shape, data: toFloat32(value) });
  }
  return compile(runtime, model, types, { weights });
}

const outputName = (name: string): string => `out.${name}`;

async function runGroup(
  program: Program,
  { reads, writes }: Group,
  values: NdArrays,
  cached: NdArrays = {},
): Promise<NdArrays> {
  const own = reads.filter((name) => cached[name] === undefined);
  const outputs = (await program.run(pick(values, own) as never, { cached } as never)) as NdArrays;
  return Object.fromEntries(writes.map((name) => [name, outputs[outputName(name)]!]));
}

function pick<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, values[name]!]));
}
