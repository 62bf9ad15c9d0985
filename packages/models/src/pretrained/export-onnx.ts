// Networks as ONNX files, for any runtime: inputs and outputs have the names of the library a network comes from,
// batch and sequence length are open, sides of images are the configuration's. Standard operators alone.

import { exportOnnxModel, type OnnxModel, trace } from "@proteoscope/engine";
import { inputTypes } from "../checkpoints/input-rules.ts";
import type { NetworkDefinition, NetworkOf } from "../checkpoints/network-definition.ts";
import { definitionOf, type RegisteredNetwork } from "../registry.ts";

/** How a network is exported. */
export interface ExportOptions<D extends NetworkDefinition = RegisteredNetwork> {
  /** Side of an autoencoder's images in pixels, which its configuration does not state; 100 when absent. */
  readonly imageSide?: number;
  /** The networks that can be exported; those of the registry when absent. */
  readonly networks?: readonly D[];
}

/**
 * The ONNX files of a network by name; where weights pass 2 GiB, their values are in a second file. An output that has the
 * name of an input is called `out_<name>`.
 */
export function exportNetwork<D extends NetworkDefinition = RegisteredNetwork>(
  model: NetworkOf<D>,
  { imageSide = 100, networks }: ExportOptions<D> = {},
): ReadonlyMap<string, OnnxModel> {
  const definition = definitionOf<D>(model, networks);
  const { files, sizes } = definition.exported ?? {};
  const fixedSizes = sizes?.(model.config, imageSide) ?? {};
  const rules = definition.inputs(model.config);
  return new Map(
    Object.entries(files ?? { "model.onnx": Object.keys(rules) }).map(([file, names]) => {
      const own = Object.fromEntries(names.map((name) => [name, rules[name]!]));
      const types = inputTypes(own, (dimension) => fixedSizes[dimension] ?? dimension);
      const traced = trace((w, inputs) => {
        const outputs = Object.entries(definition.apply(w, model, inputs));
        return Object.fromEntries(
          outputs.map(([name, value]) => [name in types ? `out_${name}` : name, value]),
        );
      }, types);
      return [file, exportOnnxModel(traced, model.weights, { location: `${file}.data` })];
    }),
  );
}
