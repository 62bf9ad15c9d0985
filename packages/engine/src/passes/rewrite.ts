/**
 * Rewriting of a graph bottom up: each node, its inputs already rewritten, is offered to rules until none applies.
 *
 * A rule looks at one node and gives tensors that may stand for its outputs, or nothing. Every rule must make the
 * graph smaller or its node simpler, so that rewriting ends. Tensors are never changed, only replaced.
 */
import { ancestors } from "../gradient.ts";
import { applyMany, type Node, type Tensor } from "../tensor.ts";

/** Gives tensors that may stand for a node's outputs; undefined where the rule does not apply. */
export type Rule = (node: Node) => readonly Tensor[] | undefined;

/**
 * Rewrites the graph of `outputs`; `leaves` stay what they are. `share` gives the node that computes the same as a
 * finished one, which may be itself.
 */
export function rewrite(
  outputs: readonly Tensor[],
  leaves: ReadonlySet<Tensor>,
  rules: readonly Rule[],
  share: (node: Node) => Node = (node) => node,
): Tensor[] {
  const rewritten = new Map<Tensor, Tensor>();
  const replace = (from: readonly Tensor[], to: readonly Tensor[]) => {
    for (const [index, tensor] of from.entries()) rewritten.set(tensor, to[index]!);
  };
  const resolve = (tensor: Tensor): Tensor => {
    if (leaves.has(tensor)) return tensor;
    if (!rewritten.has(tensor)) visit(tensor.node);
    return rewritten.get(tensor)!;
  };
  const visit = (node: Node): void => {
    const inputs = node.inputs.map((tensor) => tensor && resolve(tensor));
    // A node is made anew even where nothing changes, so that ids keep the order in which the model computes.
    const isLeaf = inputs.length === 0;
    const current = isLeaf ? node : applyMany(node.operator, inputs, node.attributes, node.outputs)[0]!.node;
    for (const rule of rules) {
      const result = rule(current);
      if (result === undefined) continue;
      replace(node.outputs, result.map(resolve));
      return;
    }
    const final = share(current);
    replace(final.outputs, final.outputs);
    replace(node.outputs, final.outputs);
  };
  // In ascending order, so that recursion only goes into what rules have just made.
  for (const node of ancestors(outputs)) resolve(node.outputs[0]!);
  return outputs.map(resolve);
}
