// The parameters that a network declares, and whether weights are exactly these. A network is asked itself: it is traced
// once, on inputs of the smallest size.

import { formatShape, type ParameterDeclaration, trace, WeightsError } from "@proteoscope/engine";
import { inputTypes } from "./input-rules.ts";
import type { Network, NetworkDefinition } from "./network-definition.ts";

/** All parameters of a network by name; optional heads count where its weights have a part of them. */
export function parametersOf<Config>(
  definition: NetworkDefinition<string, Config>,
  network: Network<Config>,
): ReadonlyMap<string, ParameterDeclaration> {
  const { config } = network;
  const sizes = definition.smallestSizes?.(config) ?? {};
  const types = inputTypes(definition.inputs(config), (name) => sizes[name] ?? 1);
  return trace((w, inputs) => {
    const outputs = definition.apply(w, network, inputs);
    definition.declareIdle?.(w, network, inputs);
    return outputs;
  }, types).parameters;
}

/**
 * Holds a network's weights to what it declares.
 * @throws WeightsError with the number of tensors that are missing, of another shape, no floating-point numbers, and unexpected, and the first three of each.
 */
export function checkNetwork<Config>(
  definition: NetworkDefinition<string, Config>,
  network: Network<Config>,
  place: string,
): void {
  const declared = parametersOf(definition, network);
  const missing: string[] = [];
  const reshaped: string[] = [];
  const mistyped: string[] = [];
  for (const [name, { shape }] of declared) {
    const found = network.weights.get(name);
    if (found === undefined) missing.push(`${name} ${formatShape(shape)}`);
    else if (formatShape(found.shape) !== formatShape(shape))
      reshaped.push(`${name} ${formatShape(found.shape)} instead of ${formatShape(shape)}`);
    else if (!/float(16|32|64)$/.test(found.dtype)) mistyped.push(`${name} of ${found.dtype}`);
  }
  const unexpected = [...network.weights.keys()].filter((name) => !declared.has(name));
  const faults = [
    ...describeFaults("missing", missing),
    ...describeFaults("of another shape", reshaped),
    ...describeFaults("no floating-point numbers", mistyped),
    ...describeFaults("unexpected", unexpected),
  ];
  if (faults.length > 0)
    throw new WeightsError(
      `${place}: the tensors do not fit ${definition.title} as configured: ${faults.join("; ")}`,
    );
}

/** The number of a kind of faults and the first three of them; nothing where there are none. */
function describeFaults(kind: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${names.length} ${kind} (${firstThree(names)})`];
}

/** The first three of a list, so that a message stays one short line. */
export function firstThree(items: readonly string[]): string {
  return `${items.slice(0, 3).join(", ")}${items.length > 3 ? ", ..." : ""}`;
}
