// How much arithmetic a graph asks for, counted from its nodes after simplification: matrix products and convolutions,
// two operations a multiplication with its addition. Everything else is a few passes over memory and is not counted,
// which is the convention of the published figures.
import type { Dim, Tensor, Trace } from "@proteoscope/engine";
import { ancestors } from "../packages/engine/src/gradient.ts";
import { simplify } from "../packages/engine/src/passes/simplify.ts";
import type { Node } from "../packages/engine/src/tensor.ts";

/** The sizes of open dimensions, by name. */
export type OpenSizes = Readonly<Record<string, number>>;

/** Operations of one run of a traced model, in units of 10^9. */
export function gflopOf({ inputs, parameters, outputs }: Trace, sizes?: OpenSizes): number {
  const leaves = [...inputs.values(), ...[...parameters.values()].map(({ tensor }) => tensor)];
  return countGflop(Object.values(outputs), leaves, sizes);
}

/** Operations that lead to `outputs` from `leaves` (inputs, parameters), in units of 10^9. */
export function countGflop(
  outputs: readonly Tensor[],
  leaves: Iterable<Tensor>,
  sizes: OpenSizes = {},
): number {
  const operations = ancestors(simplify(outputs, leaves)).map((node) => operationsOf(node, sizes));
  return operations.reduce((sum, count) => sum + count, 0) / 1e9;
}

function operationsOf({ operator, inputs, outputs }: Node, sizes: OpenSizes): number {
  const [x, weight] = inputs as readonly [Tensor, Tensor];
  const kernel = () => elements(weight.shape.slice(1), sizes); // input channels of a group, height, width
  switch (operator.name) {
    case "MatMul":
      return 2 * elements(outputs[0]!.shape, sizes) * elements(x.shape.slice(-1), sizes);
    case "Conv":
      return 2 * elements(outputs[0]!.shape, sizes) * kernel();
    case "ConvTranspose":
      return 2 * elements(x.shape, sizes) * kernel();
    default:
      return 0;
  }
}

function elements(shape: readonly Dim[], sizes: OpenSizes): number {
  return shape.reduce<number>((count, dim) => count * sizeOf(dim, sizes), 1);
}

/** A dimension is a number, or a product of numbers and names such as "8*residues". */
function sizeOf(dim: Dim, sizes: OpenSizes): number {
  if (typeof dim === "number") return dim;
  return dim.split("*").reduce((size, factor) => {
    const value = sizes[factor] ?? Number(factor);
    if (Number.isNaN(value)) throw new RangeError(`counting operations needs the size of "${factor}"`);
    return size * value;
  }, 1);
}
