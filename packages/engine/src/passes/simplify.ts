/**
 * The graph passes that run before a graph is emitted, each rule in a file of its own, all in one walk.
 *
 * Nodes that nothing needs are gone by construction: a graph is what its outputs are computed from.
 */
import type { Tensor } from "../tensor.ts";
import { shareEqualNodes } from "./common-subexpressions.ts";
import { foldConstants } from "./fold-constants.ts";
import { joinPads } from "./join-pads.ts";
import { type Rule, rewrite } from "./rewrite.ts";
import { dropCast, dropExpand, dropNegation, dropNeutralOperand } from "./simplify-arithmetic.ts";
import { mergeReshapes, mergeTransposes } from "./simplify-layout.ts";

const dropAlias: Rule = ({ operator, inputs, outputs }) =>
  operator.isAlias || operator.name === "Identity" ? outputs.map((_, index) => inputs[index]!) : undefined;

const rules: readonly Rule[] = [
  dropAlias,
  foldConstants,
  dropNeutralOperand,
  dropExpand,
  dropNegation,
  dropCast,
  mergeReshapes,
  mergeTransposes,
  joinPads,
];

/**
 * Computes the values of `outputs` by fewer nodes; `leaves` (inputs, initializers) stay what they are. Further rules, such
 * as the lowerings of a device, go first.
 */
export function simplify(
  outputs: readonly Tensor[],
  leaves: Iterable<Tensor>,
  further: readonly Rule[] = [],
): Tensor[] {
  return rewrite(outputs, new Set(leaves), [...further, ...rules], shareEqualNodes());
}
