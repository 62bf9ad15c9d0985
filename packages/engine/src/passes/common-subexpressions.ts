/**
 * Common subexpressions: a node that has the operator, attributes and inputs of an earlier one is that one.
 *
 * Small constants are compared by value, so that equal scalars and axis lists are one.
 */
import { isConstant, type Node, type Tensor } from "../tensor.ts";
import { smallLimit } from "./constants.ts";

/** Gives for each node the first that computes the same; keeps its memory of one graph. */
export function shareEqualNodes(): (node: Node) => Node {
  const first = new Map<string, Node>();
  return (node) => {
    const key = keyOf(node);
    if (key === undefined) return node;
    const known = first.get(key);
    if (known === undefined) first.set(key, node);
    return known ?? node;
  };
}

/** Equal for nodes of equal outputs; undefined for leaves and large constants, which equal only themselves. */
function keyOf({ operator, inputs, attributes, outputs }: Node): string | undefined {
  const output = outputs[0]!;
  if (isConstant(output)) {
    const { dtype, shape, data } = output.node.operator.value;
    return data.length > smallLimit ? undefined : `${dtype} [${shape}] ${bytesOf(data)}`;
  }
  if (inputs.length === 0) return undefined;
  const operands = inputs.map((tensor) => tensor && nameOf(tensor));
  return `${operator.domain ?? ""}.${operator.name}(${operands})${JSON.stringify(attributes)}`;
}

const nameOf = ({ node, index }: Tensor) => `${node.id}.${index}`;

/** The bytes, so that -0 and 0, and the kinds of NaN, stay apart. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return new Uint8Array(buffer, byteOffset, byteLength).join();
}
