// Tokens drawn one after the other: the network sees each position once, and keeps its keys and values where they are
// (engine/src/stateful.ts). One program serves the tokens that are given, all at once, and every step after them.

import {
  compile,
  compileStateful,
  expandDims,
  f32,
  float32,
  i64,
  type NdArray,
  openStates,
  type Runtime,
  type StateType,
  select,
  type Tensor,
  type Tensors,
  type Weights,
} from "@proteoscope/engine";
import type { StateDict } from "../checkpoints/network-definition.ts";
import {
  embedTokens,
  rotationTable,
  unconditional,
  type VermeerConfig,
  vermeerCondition,
  vermeerLayer,
  vermeerLogits,
} from "./network.ts";
import { pictureTokenCount, vocabularySize } from "./tokens.ts";

/** Vermeer with the keys and values of some rows of tokens. */
export interface VermeerDecoder {
  /**
   * Reads further tokens of all rows, and returns the logits of what follows each, [rows, n, vocabulary]. The first call
   * begins with the condition, and returns one more.
   *
   * @throws RangeError beyond the longest sequence, or for rows of different lengths.
   */
  read(tokens: readonly (readonly number[])[], options?: { readonly signal?: AbortSignal }): Promise<NdArray>;
  /** Keys [rows, heads, headSize, N] and values [rows, heads, N, headSize] of a layer, as they are after what was read. */
  keysAndValues(layer: number): Promise<{ readonly keys: NdArray; readonly values: NdArray }>;
  close(): Promise<void>;
}

/** Compiles a decoder; `conditions` are the rows' outputs of `vermeerCondition`, [rows, 1, hidden]. */
export async function openVermeerDecoder(
  runtime: Runtime,
  { config, weights }: { readonly config: VermeerConfig; readonly weights: StateDict },
  conditions: NdArray,
): Promise<VermeerDecoder> {
  const { numHiddenLayers, numAttentionHeads: heads, hiddenSize, numStains } = config;
  const rows = conditions.shape[0]!;
  const size = hiddenSize / heads;
  const longest = Math.ceil((2 + pictureTokenCount(config, numStains)) / 8) * 8;
  const types: Record<string, StateType> = {};
  for (let layer = 0; layer < numHiddenLayers; layer += 1) {
    types[`keys.${layer}`] = { shape: [rows, heads, size, longest], axis: 3 };
    types[`values.${layer}`] = { shape: [rows, heads, longest, size], axis: 2 };
  }
  const states = await openStates(runtime, types);
  const inputTypes = {
    tokens: i64(rows, "n"),
    condition: f32(rows, 1, hiddenSize),
    isCondition: { dtype: "bool", shape: ["n", 1] } as const,
    cosines: f32("n", size / 2),
    sines: f32("n", size / 2),
    bias: f32(longest),
  };
  const network = blockModel(config);
  const program = await compileStateful(runtime, network, inputTypes, { weights, states }).catch(
    async (error: unknown) => {
      await states.close();
      throw error;
    },
  );
  let position = 0;
  return {
    async read(tokens, options) {
      const lead = position === 0 ? [0] : []; // the place of the condition, whose token is not looked at
      const ids = tokens.map((row) => [...lead, ...row]);
      const count = ids[0]?.length ?? 0;
      if (ids.length !== rows || ids.some((row) => row.length !== count) || count === 0)
        throw new RangeError(`vermeer: give ${rows} rows of tokens of one length`);
      if (position + count > longest)
        throw new RangeError(`vermeer: a sequence has ${longest} positions at most`);
      const inputs = { ...feedsOf(config, ids, position, longest), condition: conditions };
      const { logits } = await program.run(inputs, position, options);
      position += count;
      return logits!;
    },
    async keysAndValues(layer) {
      return { keys: await states.read(`keys.${layer}`), values: await states.read(`values.${layer}`) };
    },
    async close() {
      await program.close();
      await states.close();
    },
  };
}

/** The network on a block of positions, whose keys and values are its outputs by the names of the states. */
function blockModel(config: VermeerConfig) {
  return (w: Weights, inputs: Readonly<Record<string, Tensor>>): Tensors => {
    const { tokens, condition, isCondition, cosines, sines, bias } = inputs as Record<string, Tensor>;
    let x = select(isCondition!, condition!, embedTokens(w, config, tokens!)); // [rows, n, hidden]
    const blocks: Record<string, Tensor> = {};
    for (let layer = 0; layer < config.numHiddenLayers; layer += 1) {
      const past = { keys: inputs[`keys.${layer}`]!, values: inputs[`values.${layer}`]!, bias: bias! };
      const block = vermeerLayer(w, config, layer, { x, cosines: cosines!, sines: sines!, past });
      x = block.x;
      blocks[`keys.${layer}`] = block.keys;
      blocks[`values.${layer}`] = block.values;
    }
    return { logits: vermeerLogits(w, config, x), ...blocks };
  };
}

/** What the network reads of a block that begins at `position`, but for the condition. */
function feedsOf(
  config: VermeerConfig,
  ids: readonly (readonly number[])[],
  position: number,
  longest: number,
) {
  const [rows, count] = [ids.length, ids[0]!.length];
  const { cosines, sines } = rotationTable(config, position, position + count);
  const width = cosines.length / count;
  const isCondition = Uint8Array.from({ length: count }, (_, index) => Number(position + index === 0));
  const hidden = Float32Array.from({ length: longest }, (_, index) => (index < position ? 0 : -1e9));
  return {
    tokens: { dtype: "int64", shape: [rows, count], data: BigInt64Array.from(ids.flat(), BigInt) },
    isCondition: { dtype: "bool", shape: [count, 1], data: isCondition },
    cosines: float32([count, width], cosines),
    sines: float32([count, width], sines),
    bias: float32([longest], hidden),
  } as const;
}

/** How tokens are generated. */
export interface VermeerGeneration {
  /** Embeddings of the rows' proteins: one vector each, [rows, 1, conditionSize], or residues for attention pooling. */
  readonly embeddings: NdArray;
  /** Tokens that are given, of one length; empty rows for none. */
  readonly prefix: readonly (readonly number[])[];
  /** Number of tokens to draw. */
  readonly count: number;
  /** Chooses a token from logits, which it may change; `step` counts drawn tokens from 0. */
  choose(logits: Float32Array, at: { readonly step: number; readonly row: number }): number;
  /**
   * Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598), for the first `steps` draws where that is given. It
   * helps only weights that were trained with conditions left out.
   */
  readonly guidance?: { readonly scale: number; readonly steps?: number } | undefined;
  readonly signal?: AbortSignal;
  /** Called with the number of drawn tokens. */
  readonly onToken?: (done: number, total: number) => void;
}

/** Draws tokens behind the prefix of every row, and returns the rows whole. @throws the signal's reason when it aborts. */
export async function generateVermeerTokens(
  runtime: Runtime,
  model: { readonly config: VermeerConfig; readonly weights: StateDict },
  generation: VermeerGeneration,
): Promise<number[][]> {
  const { prefix, count, choose, guidance, signal, onToken } = generation;
  const rows = prefix.length;
  const isGuided = guidance !== undefined && guidance.scale !== 1;
  const conditions = await conditionsOf(runtime, model, generation.embeddings, isGuided);
  const decoder = await openVermeerDecoder(runtime, model, conditions);
  const vocabulary = vocabularySize(model.config);
  const options = signal === undefined ? {} : { signal };
  try {
    const tokens = prefix.map((row) => [...row]);
    let next = tokens;
    for (let step = 0; step < count; step += 1) {
      const { data, shape } = await decoder.read(isGuided ? [...next, ...next] : next, options);
      const values = data as Float32Array;
      const last = shape[1]! - 1;
      const logitsOf = (row: number) =>
        values.subarray((row * shape[1]! + last) * vocabulary, (row * shape[1]! + last + 1) * vocabulary);
      next = tokens.map((row, index) => {
        const plain = logitsOf(index).slice();
        if (isGuided && step < (guidance.steps ?? Infinity)) {
          const without = logitsOf(rows + index);
          for (const [token, u] of without.entries())
            plain[token] = Math.fround(u + Math.fround(Math.fround(plain[token]! - u) * guidance.scale));
        }
        const token = choose(plain, { step, row: index });
        row.push(token);
        return [token];
      });
      onToken?.(step + 1, count);
    }
    return tokens;
  } finally {
    await decoder.close();
  }
}

/** The rows' conditions, and behind them as many of no protein where they are guided: [rows or 2 rows, 1, hidden]. */
async function conditionsOf(
  runtime: Runtime,
  { config, weights }: { readonly config: VermeerConfig; readonly weights: StateDict },
  embeddings: NdArray,
  isGuided: boolean,
): Promise<NdArray> {
  const program = await compile(
    runtime,
    (w, { x }) => ({
      condition: vermeerCondition(w, config, x),
      ...(isGuided && {
        none: vermeerCondition(w, { ...config, pooling: "mean" }, expandDims(unconditional(w, config), 0)),
      }),
    }),
    { x: f32(...embeddings.shape) },
    { weights },
  );
  try {
    const { condition, none } = (await program.run({ x: embeddings })) as Record<string, NdArray>;
    if (none === undefined) return condition!;
    const rows = condition!.shape[0]!;
    const all = new Float32Array(2 * condition!.data.length);
    all.set(condition!.data as Float32Array);
    for (let row = 0; row < rows; row += 1)
      all.set(none.data as Float32Array, condition!.data.length + row * config.hiddenSize);
    return float32([2 * rows, 1, config.hiddenSize], all);
  } finally {
    await program.close();
  }
}
