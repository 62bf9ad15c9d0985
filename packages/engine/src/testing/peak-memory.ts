/**
 * A tool for tests that finds the memory of a graph's values when its nodes run in order and each value is freed after
 * its last use.
 */
import { ancestors } from "../gradient.ts";
import { elementCount } from "../shape.ts";
import { isConstant, type Tensor } from "../tensor.ts";

/** Counts the elements held at the worst moment, constants and leaves aside; aliases hold what they name. */
export function peakElements(outputs: readonly Tensor[]): number {
  const nodes = ancestors(outputs);
  const source = (tensor: Tensor): Tensor =>
    tensor.node.operator.isAlias ? source(tensor.node.inputs[tensor.index]!) : tensor;
  const lastUse = new Map<Tensor, number>(outputs.map((tensor) => [source(tensor), nodes.length]));
  const computed = nodes.filter((node) => !node.operator.isAlias);
  for (const [time, { inputs }] of computed.entries())
    for (const tensor of inputs)
      if (tensor !== undefined) lastUse.set(source(tensor), Math.max(lastUse.get(source(tensor)) ?? 0, time));
  let held = 0;
  let peak = 0;
  const freedAt = new Map<number, number>();
  for (const [time, node] of computed.entries()) {
    if (node.inputs.length > 0 && !isConstant(node.outputs[0]))
      for (const output of node.outputs) {
        const size = elementCount(output.shape);
        const end = lastUse.get(output) ?? time;
        held += size;
        freedAt.set(end, (freedAt.get(end) ?? 0) + size);
      }
    peak = Math.max(peak, held);
    held -= freedAt.get(time) ?? 0;
  }
  return peak;
}
