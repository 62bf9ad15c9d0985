/**
 * A tool for tests that lists the operators of a graph.
 */
import { ancestors } from "../gradient.ts";
import { isConstant, type Tensor } from "../tensor.ts";

/** Lists the names of the operators that compute `outputs`, in order; leaves and constants aside. */
export function operatorNames(...outputs: readonly Tensor[]): string[] {
  return ancestors(outputs).flatMap(({ operator, inputs, outputs: [first] }) =>
    isConstant(first) || inputs.length === 0 ? [] : [operator.name],
  );
}
