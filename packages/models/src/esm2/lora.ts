// LoRA (Hu et al. 2021, arXiv:2106.09685): a linear layer W x becomes W x + (alpha / r) B A x, and only the two thin
// matrices are trained.
//
// Networks do not know it: `withLora` wraps the weights that a network reads, and the engine's linear layer adds what its
// scope gives (`adapt`). The matrices have the names of peft (huggingface.co/docs/peft) with the prefix
// `base_model.model.`, so that a trainer can separate them from the network they adapt and a file can have them as they are.

import {
  dropout,
  fanInUniform,
  fixed,
  formatShape,
  linear,
  mul,
  type NdArray,
  type RandomSource,
  type Tensor,
  type Weights,
  WeightsError,
  zeros,
} from "@proteoscope/engine";
import { firstThree } from "../checkpoints/declared-parameters.ts";

/** Field names and meanings of peft's LoraConfig, in camel case. */
export interface LoraConfig {
  /** Rank: the width between the two matrices. */
  readonly r: number;
  /** The product of the matrices is scaled by `loraAlpha / r`. */
  readonly loraAlpha: number;
  /** Dropout of the matrices' input, in training alone. */
  readonly loraDropout: number;
  /** Adapted linear layers by the end of their names: "query" adapts that of every layer. */
  readonly targetModules: readonly string[];
}

/** The original's adapter, on every projection of ESM2's attention. */
export const loraDefaults = {
  r: 4,
  loraAlpha: 4,
  loraDropout: 0.1,
  targetModules: ["query", "key", "value", "attention.output.dense"],
} as const satisfies LoraConfig;

/** An adapter and its weights. */
export interface LoraAdapter {
  readonly config: LoraConfig;
  /** Matrices by name: `base_model.model.<layer>.lora_A.weight` [r, in] and `.lora_B.weight` [out, r]. */
  readonly weights: ReadonlyMap<string, NdArray>;
}

/** The prefix of the names of an adapter's matrices. */
export const loraPrefix = "base_model.model.";

/** Dropout and scope of an adapter. */
export interface LoraOptions {
  /** Random numbers for dropout, in training alone. */
  readonly random?: RandomSource | undefined;
  /** The scope in which the matrices are declared; the network's own when absent. */
  readonly scope?: Weights;
}

/** The weights `w` of a network with an adapter at its target layers. Initially an adapter adds nothing: B is zero. */
export function withLora(w: Weights, config: LoraConfig, { random, scope = w }: LoraOptions = {}): Weights {
  const matrices = scope.at("base_model", "model");
  const wrap = (inner: Weights, path: readonly (string | number)[]): Weights => {
    const layer = path.join(".");
    return {
      ...inner,
      at: (...names) => wrap(inner.at(...names), [...path, ...names]),
      ...(isTarget(config, layer) && {
        adapt: (x: Tensor, outFeatures: number) =>
          lowRank(matrices.at(layer), config, dropout(x, config.loraDropout, random, layer), outFeatures),
      }),
    };
  };
  return wrap(w, []);
}

/** Whether a layer is a target, by peft's rule for a list of names. */
function isTarget({ targetModules }: LoraConfig, layer: string): boolean {
  return targetModules.some((target) => layer === target || layer.endsWith(`.${target}`));
}

function lowRank(w: Weights, { r, loraAlpha }: LoraConfig, x: Tensor, outFeatures: number): Tensor {
  const weightInitializer = fanInUniform(fixed(x.shape.at(-1), "lora", "the last axis"));
  const inner = linear(w.at("lora_A"), x, r, { bias: false, weightInitializer });
  const y = linear(w.at("lora_B"), inner, outFeatures, { bias: false, weightInitializer: zeros });
  return mul(y, loraAlpha / r);
}

/** Merges an adapter into the network's weights: W + (alpha / r) B A. @throws WeightsError as `checkLora` does. */
export function mergeLora(weights: ReadonlyMap<string, NdArray>, adapter: LoraAdapter): Map<string, NdArray> {
  checkLora(adapter, weights);
  const { r, loraAlpha } = adapter.config;
  const merged = new Map(weights);
  for (const layer of adaptedLayers(adapter)) {
    const { shape, data } = weights.get(`${layer}.weight`)!;
    const [rows, columns] = shape as [number, number];
    const [a, b] = ["A", "B"].map(
      (side) => adapter.weights.get(matrixName(layer, side))!.data as Float32Array,
    );
    const values = Float32Array.from(data as Float32Array);
    const added = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      added.fill(0);
      for (let k = 0; k < r; k++) {
        const factor = (b![row * r + k]! * loraAlpha) / r;
        for (let column = 0; column < columns; column++) added[column]! += factor * a![k * columns + column]!;
      }
      for (let column = 0; column < columns; column++) values[row * columns + column]! += added[column]!;
    }
    merged.set(`${layer}.weight`, { dtype: "float32", shape, data: values });
  }
  return merged;
}

const matrixName = (layer: string, side: string): string => `${loraPrefix}${layer}.lora_${side}.weight`;

const matrixPattern = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/;

/** The layer and the side of a matrix of an adapter, by its name; undefined where it is none. */
export function parseMatrixName(name: string): { layer: string; side: string } | undefined {
  const [, layer, side] = matrixPattern.exec(name) ?? [];
  return layer === undefined || side === undefined ? undefined : { layer, side };
}

/** The names of the adapted linear layers, in the order of the adapter. */
export function adaptedLayers({ weights }: Pick<LoraAdapter, "weights">): string[] {
  return [...new Set([...weights.keys()].flatMap((name) => parseMatrixName(name)?.layer ?? []))];
}

/**
 * Holds an adapter to its network.
 *
 * @throws WeightsError with the number of faults and the first three: names that are no matrix, matrices without their other
 *   half, and matrices that fit no layer of the network.
 */
export function checkLora(adapter: LoraAdapter, base: ReadonlyMap<string, NdArray>): void {
  const { weights, config } = adapter;
  const faults = [...weights.keys()].flatMap((name) =>
    parseMatrixName(name) === undefined ? [`${name} is no matrix of LoRA`] : [],
  );
  const layers = adaptedLayers(adapter);
  if (layers.length === 0) faults.push("it adapts no layer");
  for (const layer of layers) {
    const shape = base.get(`${layer}.weight`)?.shape;
    if (shape?.length !== 2) {
      faults.push(`it adapts ${layer}, which is no linear layer of the network`);
      continue;
    }
    if (!isTarget(config, layer)) faults.push(`it adapts ${layer}, which is none of its target modules`);
    const [rows, columns] = shape as [number, number];
    for (const [side, wanted] of [
      ["A", [config.r, columns]],
      ["B", [rows, config.r]],
    ] as const) {
      const found = weights.get(matrixName(layer, side))?.shape;
      if (found === undefined) faults.push(`${matrixName(layer, side)} is missing`);
      else if (formatShape(found) !== formatShape(wanted))
        faults.push(`${matrixName(layer, side)} is ${formatShape(found)} instead of ${formatShape(wanted)}`);
    }
  }
  if (faults.length === 0) return;
  throw new WeightsError(
    `the LoRA adapter does not fit the network, ${faults.length} faults (${firstThree(faults)}): give the network it was trained on`,
  );
}
