// Released networks at their real sizes, with random weights: one cell for SubCell, one protein for ESMC, one step of
// CELL-Diff, one protein's picture for Vermeer. `bench/released.ts` does the same work with weights from a file.

import {
  compile,
  f32,
  float32,
  type InputTypes,
  i64,
  type Model,
  type NdArray,
  type NdArrays,
  type Runtime,
  type Tensors,
  type Trace,
  trace,
} from "@proteoscope/engine";
import { declareParameters, type EsmcConfig, esmc, esmcPresets } from "@proteoscope/models";
import {
  type CellDiffConfig,
  cellDiffDefaults,
  cellDiffDenoise,
  cellDiffKeyValues,
  generateVermeerTokens,
  greedyToken,
  pictureTokenCount,
  type SubcellConfig,
  subcell,
  subcellDefaults,
  type VermeerConfig,
  vermeerPresets,
} from "@proteoscope/models/released";
import type { BenchCase, Prepared } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { randomInput, randomWeights } from "../random-weights.ts";
import { tokensOf } from "./esm2.ts";

/** A case whose weights may be those of a file. */
export interface ReleasedCase extends BenchCase {
  /** `weightsOf` gives those of declared parameters; random ones when absent. */
  prepare(
    runtime: Runtime,
    weightsOf?: (parameters: Trace["parameters"]) => ReadonlyMap<string, NdArray>,
  ): Promise<Prepared>;
}

export function subcellCase(name: string, config: SubcellConfig): ReleasedCase {
  const shape = [1, config.stains.length, config.imageSize, config.imageSize];
  return {
    name,
    title: `SubCell on one cell of ${config.imageSize}x${config.imageSize}, to its embedding`,
    peer: { script: "released", work: ["subcell"] },
    prepare: (runtime, weightsOf) =>
      prepareModel(runtime, (w, { x }) => ({ y: subcell(w, config, x!).embedding }), {
        ...{ weightsOf, types: { x: f32(...shape) }, inputs: { x: randomInput("x", ...shape) } },
      }),
  };
}

export function esmcCase(name: string, config: EsmcConfig, tokens = 512): ReleasedCase {
  const { hiddenSize, numHiddenLayers } = config;
  return {
    name,
    title: `ESMC of ${numHiddenLayers} layers on one protein of ${tokens - 2} residues`,
    peer: { script: "released", work: ["esmc", hiddenSize, numHiddenLayers, tokens] },
    prepare: (runtime, weightsOf) =>
      prepareModel(
        runtime,
        (w, { inputIds }) => ({ y: esmc(w, config, { inputIds: inputIds! }).representations.at(-1)! }),
        {
          ...{ weightsOf, types: { inputIds: i64(1, tokens) } },
          inputs: { inputIds: tokensOf(1, tokens - 2) },
        },
      ),
  };
}

/** A step whose keys and values of the sequence were computed before, as generating does. */
export function cellDiffCase(name: string, config: CellDiffConfig, tokens = 447): ReleasedCase {
  const { latentChannels, numStains, sampleSize: side, hiddenSize } = config;
  const types = {
    sample: f32(1, latentChannels, side, side),
    cell: f32(1, numStains * latentChannels, side, side),
    timestep: f32(1),
  };
  const sequence = f32(1, tokens, hiddenSize);
  const keyValues = trace((w, { s }) => cellDiffKeyValues(w, config, s), { s: sequence }).outputs;
  const cachedTypes = {
    sequence,
    ...Object.fromEntries(Object.entries(keyValues).map(([key, { shape }]) => [key, f32(...shape)])),
  };
  const random = (types: InputTypes): NdArrays =>
    Object.fromEntries(
      Object.entries(types).map(([key, { shape }]) => [key, randomInput(key, ...(shape as number[]))]),
    );
  return {
    name,
    title: `a step of CELL-Diff for ${4 * side}x${4 * side} pixels, ${tokens - 2} residues, keys and values cached`,
    peer: { script: "released", work: ["cell_diff", tokens] },
    prepare: (runtime, weightsOf) =>
      prepareModel(
        runtime,
        (w, { sample, cell, timestep, sequence, ...keyValues }) => ({
          ...cellDiffDenoise(w, config, {
            ...{ sample: sample!, cell: cell!, timestep: timestep!, sequence: sequence!, keyValues },
          }),
        }),
        {
          ...{ weightsOf, types: { ...types, ...cachedTypes } },
          inputs: { ...random(types), timestep: float32([1], Float32Array.of(100)) },
          cached: random(cachedTypes),
        },
      ),
  };
}

/** The last picture of a sequence, with the network compiled anew for it. */
export function vermeerCase(name: string, config: VermeerConfig): ReleasedCase {
  const given = pictureTokenCount(config, config.numStains - 1);
  const count = pictureTokenCount(config, config.numStains) - given + 1;
  return {
    name,
    title: `a protein's picture by Vermeer of ${config.numHiddenLayers} layers: ${given} tokens given, ${count} drawn`,
    peer: { script: "released", work: ["vermeer", config.hiddenSize, config.numHiddenLayers, given, count] },
    async prepare(runtime, weightsOf = randomWeights) {
      const network = { architecture: "vermeer", config, weights: new Map() } as const;
      const model = { config, weights: weightsOf(declareParameters(network)) };
      const prefix = [Array.from({ length: given }, (_, index) => index % config.numCodes)];
      const embeddings = randomInput("embeddings", 1, 1, config.conditionSize);
      const generation = { embeddings, prefix, count, choose: greedyToken };
      return {
        gflop: null,
        run: async () => void (await generateVermeerTokens(runtime, model, generation)),
      };
    },
  };
}

interface ModelRun<I extends InputTypes> {
  readonly types: I;
  readonly inputs: NdArrays;
  readonly cached?: NdArrays;
  readonly weightsOf: Parameters<ReleasedCase["prepare"]>[1];
}

async function prepareModel<I extends InputTypes>(
  runtime: Runtime,
  model: Model<I, Tensors>,
  { types, inputs, cached = {}, weightsOf = randomWeights }: ModelRun<I>,
): Promise<Prepared> {
  const traced = trace(model, types);
  const program = await compile(runtime, model, types, { weights: weightsOf(traced.parameters) });
  return {
    gflop: gflopOf(traced),
    run: async () => void (await program.run(inputs as never, { cached } as never)),
    close: () => program.close(),
  };
}

export const releasedCases: readonly ReleasedCase[] = [
  subcellCase("subcell.b1", subcellDefaults),
  esmcCase("esmc.300M", esmcPresets["300M"]),
  esmcCase("esmc.600M", esmcPresets["600M"]),
  cellDiffCase("cell-diff.step", cellDiffDefaults),
  vermeerCase("vermeer.B", vermeerPresets.B),
];
