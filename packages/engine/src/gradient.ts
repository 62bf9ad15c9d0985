/**
 * Reverse-mode differentiation by graph rewriting, in which the gradient of a scalar is more graph.
 *
 * Nodes are visited in descending id, which is a reverse topological order; each adds what its operator's rule
 * passes on (Griewank & Walther, "Evaluating Derivatives", 2008, section 3.2). A tensor used twice gets the sum.
 */

import { zerosLike } from "./ops/create.ts";
import { add } from "./ops/elementwise.ts";
import { formatShape, ShapeError, sameShape } from "./shape.ts";
import { type Node, scalar, type Tensor } from "./tensor.ts";

/**
 * Gives the gradients of a scalar loss with respect to `targets`, in their shapes; zeros where it does not depend on one.
 *
 * @throws ShapeError when the loss is no scalar, or an operator on the way has no gradient for its case.
 */
export function grad(loss: Tensor, targets: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0)
    throw new ShapeError(`grad: the loss must be a scalar, got ${formatShape(loss.shape)}`);
  return pullback([loss], [scalar(1, loss.dtype)], targets).map(
    (gradient, index) => gradient ?? zerosLike(targets[index]!),
  );
}

/** Gives a scalar function's value at `inputs` and its gradients there. @throws ShapeError as `grad`. */
export function valueAndGrad(
  loss: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
): { value: Tensor; gradients: Tensor[] } {
  const value = loss(...inputs);
  return { value, gradients: grad(value, inputs) };
}

/**
 * Gives the vector-Jacobian product: gradients of `outputs`, weighted by `outputGradients` of the same shapes, with respect
 * to `targets`; undefined for a target that no output depends on.
 *
 * @throws ShapeError as `grad`.
 */
export function pullback(
  outputs: readonly Tensor[],
  outputGradients: readonly (Tensor | undefined)[],
  targets: readonly Tensor[],
): (Tensor | undefined)[] {
  const nodes = dependentNodes(outputs, targets);
  const depends = new Set(nodes);
  const gradients = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, gradient: Tensor, source: string) => {
    if (!sameShape(tensor.shape, gradient.shape))
      throw new ShapeError(
        `gradient of ${source}: ${formatShape(gradient.shape)} does not fit ${formatShape(tensor.shape)}`,
      );
    const sum = gradients.get(tensor);
    gradients.set(tensor, sum === undefined ? gradient : add(sum, gradient));
  };
  outputs.forEach((output, index) => {
    const gradient = outputGradients[index];
    if (gradient !== undefined && depends.has(output.node)) accumulate(output, gradient, "an output");
  });
  for (const node of nodes.sort((a, b) => b.id - a.id)) {
    const rule = node.operator.gradient;
    if (rule === undefined) continue;
    const incoming = node.outputs.map((output) => gradients.get(output));
    if (incoming.every((gradient) => gradient === undefined)) continue;
    const isNeeded = (index: number) => {
      const tensor = node.inputs[index];
      return tensor !== undefined && depends.has(tensor.node);
    };
    rule(node, incoming, isNeeded).forEach((gradient, index) => {
      if (gradient !== undefined && isNeeded(index))
        accumulate(node.inputs[index]!, gradient, node.operator.name);
    });
  }
  return targets.map((target) => gradients.get(target));
}

/** Finds the nodes that lie on a way from a target to an output, the targets' own nodes included. */
function dependentNodes(outputs: readonly Tensor[], targets: readonly Tensor[]): Node[] {
  const depends = new Set<Node>(targets.map((target) => target.node));
  for (const node of ancestors(outputs)) {
    if (node.inputs.some((tensor) => tensor !== undefined && depends.has(tensor.node))) depends.add(node);
  }
  return [...depends];
}

/** Lists every node that `outputs` are computed from, in ascending id. */
export function ancestors(outputs: readonly Tensor[]): Node[] {
  const seen = new Set<Node>();
  const stack = outputs.map((output) => output.node);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const tensor of node.inputs)
      if (tensor !== undefined && !seen.has(tensor.node)) stack.push(tensor.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
