/**
 * The exchange between the ranks of a training run in a step: gradients, running statistics, reported numbers.
 *
 * A state leaves the runtime, is reduced and goes back, which a single process never does.
 */
import type { Collective } from "../distributed/collective.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { bufferMeansState, buffersState, stateName, type TrainingGraphs } from "./training-graph.ts";

/**
 * Ends the micro-batches of a step: replaces gradients, buffers and reported numbers by their means over the ranks, and
 * returns the numbers, which have the same names in the same order on every rank. The graph has scaled gradients and
 * buffers, so that their sum is the mean.
 */
export async function reduceOverRanks(
  runtime: Runtime,
  collective: Collective,
  { groups, collectsBuffers }: TrainingGraphs,
  report: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  if (collectsBuffers) await averageBuffers(runtime, collective);
  if (collective.size === 1) return { ...report };
  for (const { name } of groups) {
    const state = stateName(name, "gradients");
    const { data, ...gradients } = await runtime.getState(state);
    const sums = await collective.allReduce(data as Float32Array, { transfer: true });
    await runtime.setState(state, { ...gradients, data: sums }, { transfer: true });
  }
  const means = Float32Array.from(Object.values(report), (value) => value / collective.size);
  await collective.allReduce(means);
  return Object.fromEntries(Object.keys(report).map((name, i) => [name, means[i]!]));
}

/**
 * Replaces the buffers by the mean of what the micro-batches of all ranks made of them, each from the buffers that the step
 * began with, so that it does not matter which rank computes which.
 */
async function averageBuffers(runtime: Runtime, collective: Collective): Promise<void> {
  const { data, ...means } = await runtime.getState(bufferMeansState);
  const zeros = new Float32Array(data.length);
  const sums = await collective.allReduce(data as Float32Array, { transfer: true });
  await runtime.setState(buffersState, { ...means, data: sums }, { transfer: true });
  await runtime.setState(bufferMeansState, { ...means, data: zeros }, { transfer: true });
}
