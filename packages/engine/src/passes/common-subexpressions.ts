/**
 * Elimination of common subexpressions: a node with the operator, attributes and inputs of an earlier one becomes that one.
 *
 * Small constants are compared by value, so that equal scalars and axis lists are one.
 */
import { isConstant, type Node, type Tensor } from "../tensor.ts";
import { smallLimit } from "./constants.ts";

/** Makes a function that gives for each node of one graph the first that computes the same. */
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

/**
 * Gives a key that nodes of equal outputs share; undefined for leaves and large constants, which equal only themselves.
 */
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

/** Writes the bytes as text, so that -0 and 0, and the kinds of NaN, stay apart. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return new Uint8Array(buffer, byteOffset, byteLength).join();
}
