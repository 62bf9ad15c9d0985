// The two layouts of an ESM2 state dict. Inside this package names are those of Hugging Face's EsmForMaskedLM;
// facebookresearch/esm, the source of the weights, has others. One table translates both ways.

import type { NdArray } from "@proteoscope/engine";

/** Pairs of Hugging Face's name and fair-esm's name; `#` stands for the number of a layer. */
const names: readonly (readonly [huggingFace: string, fairEsm: string])[] = [
  ["esm.embeddings.word_embeddings.weight", "embed_tokens.weight"],
  ...["weight", "bias"].flatMap((part) =>
    (
      [
        ["esm.encoder.layer.#.attention.LayerNorm", "layers.#.self_attn_layer_norm"],
        ["esm.encoder.layer.#.attention.self.query", "layers.#.self_attn.q_proj"],
        ["esm.encoder.layer.#.attention.self.key", "layers.#.self_attn.k_proj"],
        ["esm.encoder.layer.#.attention.self.value", "layers.#.self_attn.v_proj"],
        ["esm.encoder.layer.#.attention.output.dense", "layers.#.self_attn.out_proj"],
        ["esm.encoder.layer.#.LayerNorm", "layers.#.final_layer_norm"],
        ["esm.encoder.layer.#.intermediate.dense", "layers.#.fc1"],
        ["esm.encoder.layer.#.output.dense", "layers.#.fc2"],
        ["esm.encoder.emb_layer_norm_after", "emb_layer_norm_after"],
        ["esm.contact_head.regression", "contact_head.regression"],
        ["lm_head.dense", "lm_head.dense"],
        ["lm_head.layer_norm", "lm_head.layer_norm"],
      ] as const
    ).map(([huggingFace, fairEsm]) => [`${huggingFace}.${part}`, `${fairEsm}.${part}`] as const),
  ),
  ["lm_head.bias", "lm_head.bias"],
  ["lm_head.decoder.weight", "lm_head.weight"],
];

const toFairEsm = new Map(names);
const toHuggingFace = new Map(names.map(([huggingFace, fairEsm]) => [fairEsm, huggingFace]));

/** fair-esm's name of the parameter `name`, or undefined where it has none. */
export function fairEsmName(name: string): string | undefined {
  return translate(toFairEsm, name);
}

/** Hugging Face's name of the parameter that fair-esm calls `name`, or undefined where there is none. */
export function huggingFaceName(name: string): string | undefined {
  return translate(toHuggingFace, name);
}

function translate(table: ReadonlyMap<string, string>, name: string): string | undefined {
  const number = /\.(\d+)\./.exec(name)?.[1];
  if (name.includes("#")) return undefined;
  if (number === undefined) return table.get(name);
  return table.get(name.replace(`.${number}.`, ".#."))?.replace("#", number);
}

/** Entries that follow from others or that no ESM2 reads: rotary frequencies, position tables, a second name of the bias. */
const derived =
  /(^|\.)(lm_head\.decoder\.bias|rot_emb\.inv_freq|rotary_embeddings\.inv_freq|embeddings\.position_(ids|embeddings\.weight))$/;

const outputWeight = /(^|\.)lm_head\.(decoder\.)?weight$/;

/** EsmModel's pooler, which transformers makes for every model and no ESM2 was trained with. */
const pooler = /^(esm\.)?pooler\./;

/**
 * A state dict of any layout under Hugging Face's names; names of neither layout stay as they are. Output weights
 * that are tied to the word embeddings are left out.
 */
export function canonicalEsm2Names<T>(
  stateDict: ReadonlyMap<string, T>,
  { isTied = true }: { readonly isTied?: boolean } = {},
): Map<string, T> {
  const canonical = new Map<string, T>();
  for (const [name, value] of stateDict) {
    if (derived.test(name) || pooler.test(name) || (isTied && outputWeight.test(name))) continue;
    canonical.set(canonicalEsm2Name(name), value);
  }
  return canonical;
}

/** Hugging Face's name of a parameter in any layout; a name of neither layout stays as it is. */
export function canonicalEsm2Name(stored: string): string {
  // Old checkpoints, and new ones of transformers 5, have gamma and beta as in TensorFlow.
  const name = stored.replace(/(?<=LayerNorm\.)gamma$/, "weight").replace(/(?<=LayerNorm\.)beta$/, "bias");
  // EsmModel leaves "esm." out; the training code of fair-esm adds the names of its wrappers.
  const bare = name.replace(/^(model\.)?(encoder\.)?(sentence_encoder\.)?/, "");
  const ours = [name, `esm.${name}`].find((candidate) => fairEsmName(candidate) !== undefined);
  return ours ?? huggingFaceName(bare) ?? name;
}

/**
 * A state dict in the layout of fair-esm, with the further entries that its strict loading needs: the tied output weights
 * and the rotary frequencies, `headSize / 2` of them. @throws RangeError for a name that is no parameter of ESM2.
 */
export function fairEsmStateDict(
  weights: ReadonlyMap<string, NdArray>,
  headSize: number,
): Map<string, NdArray> {
  const frequencies: NdArray = {
    dtype: "float32",
    shape: [headSize / 2],
    data: Float32Array.from({ length: headSize / 2 }, (_, index) => 1 / 10000 ** ((2 * index) / headSize)),
  };
  const result = new Map<string, NdArray>();
  for (const [name, value] of weights) {
    const renamed = fairEsmName(name);
    if (renamed === undefined) throw new RangeError(`${name} is no parameter of ESM2`);
    result.set(renamed, value);
    if (renamed === "embed_tokens.weight") result.set("lm_head.weight", value);
    const layer = /^(layers\.\d+\.self_attn)\.k_proj\.weight$/.exec(renamed)?.[1];
    if (layer !== undefined) result.set(`${layer}.rot_emb.inv_freq`, frequencies);
  }
  return result;
}
