/**
 * Rematerialisation, which computes a block's inner values again in the backward pass instead of holding them until then
 * (Chen et al. 2016, "Training deep nets with sublinear memory cost").
 *
 * The graph holds both computations. ONNX Runtime would merge them, being equal, so the second reads its inputs plus
 * a zero made from the arriving gradient, which also keeps it from running early. Parameters that the block reads
 * from its surroundings are shared, and get their gradients.
 */
import { ancestors, pullback } from "../gradient.ts";
import { product, ShapeError } from "../shape.ts";
import { applyMany, isConstant, type Node, type Operator, scalar, type Tensor } from "../tensor.ts";
import { add, cast, isFloat, mul, stopGradient } from "./elementwise.ts";
import { gather } from "./gather.ts";
import { reshape } from "./layout.ts";

/**
 * Applies `block` to `inputs` so that its inner values need not be held for the gradient. Random numbers and updated
 * buffers inside are those of the one call of `block`.
 *
 * @throws ShapeError when no input is of a floating type: nothing could delay the second computation.
 */
export function rematerialize(
  block: (...inputs: Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
): readonly Tensor[] {
  if (!inputs.some(({ dtype }) => isFloat(dtype)))
    throw new ShapeError("rematerialize: at least one input must be of a floating type");
  const firstId = scalar(0).node.id;
  const outputs = block(...inputs);
  const inner = innerNodes(outputs, inputs, firstId);
  const surroundings = readFromOutside(inner, inputs, outputs);

  const operator: Operator = {
    name: "Rematerialized",
    isAlias: true,
    gradient: (node, gradients, isNeeded) => {
      const zero = zeroFrom(gradients.find((gradient) => gradient !== undefined)!);
      const copies = new Map<Tensor, Tensor>();
      const targets = [...inputs, ...surroundings].map((original, index) => {
        const actual = node.inputs[outputs.length + index]!;
        const isInput = index < inputs.length && isFloat(original.dtype);
        const copy = isInput ? add(actual, cast(zero, actual.dtype)) : alias(actual);
        copies.set(original, copy);
        return copy;
      });
      repeat(inner, copies);
      const again = outputs.map((output) => copies.get(output) ?? output);
      const needed = targets.flatMap((target, index) => (isNeeded(outputs.length + index) ? [target] : []));
      const passed = new Map(pullback(again, gradients, needed).map((gradient, i) => [needed[i]!, gradient]));
      return [...outputs.map(() => undefined), ...targets.map((target) => passed.get(target))];
    },
  };
  return applyMany(operator, [...outputs, ...inputs, ...surroundings], {}, outputs);
}

/** Lists the nodes made since `firstId` between `inputs` and `outputs`, in topological order. */
function innerNodes(outputs: readonly Tensor[], inputs: readonly Tensor[], firstId: number): Node[] {
  const entries = new Set(inputs);
  const inner = new Set<Node>();
  for (const node of ancestors(outputs)) {
    const reads = (tensor: Tensor | undefined) =>
      tensor !== undefined && (entries.has(tensor) || inner.has(tensor.node));
    if (node.id > firstId && node.inputs.some(reads)) inner.add(node);
  }
  return [...inner];
}

/** Lists the tensors that the block reads beside its inputs, and outputs that depend on no input. */
function readFromOutside(
  inner: readonly Node[],
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
): Tensor[] {
  const known = new Set([...inputs, ...inner.flatMap((node) => node.outputs)]);
  const read = [...inner.flatMap((node) => node.inputs), ...outputs];
  const isOutside = (tensor: Tensor | undefined): tensor is Tensor =>
    tensor !== undefined && !known.has(tensor) && !isConstant(tensor);
  return [...new Set(read.filter(isOutside))];
}

/** Applies the nodes once more; `copies` holds the tensors to read instead and receives the new outputs. */
function repeat(nodes: readonly Node[], copies: Map<Tensor, Tensor>): void {
  for (const { operator, inputs, attributes, outputs } of nodes) {
    const operands = inputs.map((tensor) => tensor && (copies.get(tensor) ?? tensor));
    const results = applyMany(operator, operands, attributes, outputs);
    for (const [index, output] of outputs.entries()) copies.set(output, results[index]!);
  }
}

const aliasOperator: Operator = { name: "Alias", isAlias: true, gradient: (_node, [g]) => [g] };

/** Gives a value as a tensor of its own, so that the gradient within the block ends at it. */
function alias(x: Tensor): Tensor {
  return applyMany(aliasOperator, [x], {}, [x])[0]!;
}

/** Makes a scalar zero that is known only when `gradient` is; NaN where that is infinite, as the step then is. */
function zeroFrom(gradient: Tensor): Tensor {
  const first = gather(reshape(stopGradient(gradient), [product(gradient.shape)]), scalar(0, "int64"));
  return mul(first, 0);
}
