/**
 * The state of a training run in its runtime: its first values, and reading and setting it by parameter name.
 *
 * The values of rank 0 are those of all ranks.
 */
import type { Collective } from "../distributed/collective.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { float32, type NdArray } from "../tensor.ts";
import { type FlatLayout, packFlat, unpackFlat } from "./flat-layout.ts";
import { bufferMeansState, buffersState, stateName, type TrainingGraphs } from "./training-graph.ts";

/** Sets parameters, their averages and buffers to the weights of rank 0, all else to zeros. */
export async function setInitialState(
  runtime: Runtime,
  collective: Collective,
  { groups, buffers, collectsBuffers, apply, onHost }: TrainingGraphs,
  weights: ReadonlyMap<string, NdArray>,
): Promise<void> {
  const initialOf = (layout: FlatLayout) => broadcastFirst(collective, packFlat(layout, weights));
  const zerosOf = ({ length }: FlatLayout) => float32([length], new Float32Array(length));
  for (const { name, layout, vectors } of groups) {
    const initial = await initialOf(layout);
    const zeros = zerosOf(layout);
    for (const vector of vectors)
      await runtime.setState(stateName(name, vector), vector.endsWith("Moment") ? zeros : initial);
    if (onHost || apply !== undefined) await runtime.setState(stateName(name, "gradients"), zeros);
  }
  if (buffers.length > 0) await runtime.setState(buffersState, await initialOf(buffers));
  if (collectsBuffers) await runtime.setState(bufferMeansState, zerosOf(buffers));
}

/** Reads trained parameters, or with `average` the average of those that have one, and buffers, by name. */
export async function readWeights(
  runtime: Runtime,
  { groups, buffers }: TrainingGraphs,
  { average = false }: { average?: boolean },
): Promise<Map<string, NdArray>> {
  const result = new Map<string, NdArray>();
  for (const { name, layout, vectors } of groups) {
    const vector = average && vectors.includes("average") ? "average" : "parameters";
    await readInto(result, runtime, layout, stateName(name, vector));
  }
  await readInto(result, runtime, buffers, buffersState);
  return result;
}

/** Reads every vector of every group and the buffers, by kind and name: `firstMoment.encoder.weight`. */
export async function readCheckpoint(
  runtime: Runtime,
  { groups, buffers }: TrainingGraphs,
): Promise<Map<string, NdArray>> {
  const result = new Map<string, NdArray>();
  for (const { name, layout, vectors } of groups)
    for (const vector of vectors)
      await readInto(result, runtime, layout, stateName(name, vector), `${vector}.`);
  await readInto(result, runtime, buffers, buffersState, `${buffersState}.`);
  return result;
}

/** Sets everything that `readCheckpoint` reads to the values of rank 0. */
export async function restoreCheckpoint(
  runtime: Runtime,
  collective: Collective,
  { groups, buffers }: TrainingGraphs,
  checkpoint: ReadonlyMap<string, NdArray>,
): Promise<void> {
  const set = async (state: string, layout: FlatLayout, kind: string) => {
    const inside = [...checkpoint].filter(([name]) => name.startsWith(`${kind}.`));
    const values = new Map(inside.map(([name, value]) => [name.slice(kind.length + 1), value]));
    const flat = await broadcastFirst(collective, packFlat(layout, values));
    await runtime.setState(state, flat, { transfer: true });
  };
  for (const { name, layout, vectors } of groups)
    for (const vector of vectors) await set(stateName(name, vector), layout, vector);
  if (buffers.length > 0) await set(buffersState, buffers, buffersState);
}

async function readInto(
  result: Map<string, NdArray>,
  runtime: Runtime,
  layout: FlatLayout,
  state: string,
  prefix = "",
): Promise<void> {
  if (layout.length === 0) return;
  const values = unpackFlat(layout, await runtime.getState(state));
  for (const [name, value] of values) result.set(prefix + name, value);
}

async function broadcastFirst(collective: Collective, flat: NdArray): Promise<NdArray> {
  await collective.broadcast(flat.data as Float32Array, 0);
  return flat;
}
