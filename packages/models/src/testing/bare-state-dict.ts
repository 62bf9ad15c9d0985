// A state dict of a network with names and shapes alone: what recognising a network and inferring its configuration look
// at. Tests of definitions share it.

import type { NdArray } from "@proteoscope/formats";
import { parseConfig } from "../checkpoints/config-json.ts";
import { parametersOf } from "../checkpoints/declared-parameters.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";

/** Names and shapes of a network's parameters, without values. */
export function bareStateDict<Config>(
  definition: NetworkDefinition<string, Config>,
  config: Config,
): Map<string, NdArray> {
  return new Map(
    [...parametersOf(definition, { config, weights: new Map() })].map(([name, { shape }]) => [
      name,
      { dtype: "float32", shape, data: new Float32Array(0) },
    ]),
  );
}

/** The configuration that a definition infers from a state dict. */
export function inferredConfig<Config>(
  { format, inferConfig }: NetworkDefinition<string, Config>,
  weights: StateDict,
): Config {
  return parseConfig(format, inferConfig(weights, weights, "x"), "x");
}
