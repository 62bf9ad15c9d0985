import { describe, expect, it } from "vitest";
import { formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import type { StateDict } from "../checkpoints/network-definition.ts";
import { isRecognized } from "../checkpoints/recognize.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { esm2Definition, esm2Format } from "./definition.ts";
import { fairEsmStateDict } from "./names.ts";
import { esm2Config, esm2Presets } from "./network.ts";

describe("the configuration of an ESM2", () => {
  const json = formatConfig(esm2Format, esm2Presets.t48_15B);
  const parse = (changes: Json) => parseConfig(esm2Format, { ...json, ...changes }, "x");

  it("comes back from its file as it was", () => {
    expect(parse({})).toEqual(esm2Presets.t48_15B);
  });

  it("says whether output weights are the word embeddings, which they are where it does not", () => {
    const { tie_word_embeddings: _, ...silent } = json;
    expect(parseConfig(esm2Format, silent, "x").tieWordEmbeddings).toBe(true);
    expect(parse({ tie_word_embeddings: false }).tieWordEmbeddings).toBe(false);
  });

  it.each([
    ["a decoder", { is_decoder: true }, /is_decoder is true, only false is supported/],
    ["cross-attention", { add_cross_attention: true }, /add_cross_attention is true/],
    ["pruned heads", { pruned_heads: { 0: [1] } }, /pruned_heads is \{"0":\[1\]\}, only \{\} is supported/],
    ["a normalisation before the layers", { emb_layer_norm_before: true }, /emb_layer_norm_before is true/],
    ["the folding model", { is_folding_model: true }, /is_folding_model is true/],
    ["other rotary frequencies", { rope_theta: 5000 }, /rope_theta is 5000, only 10000/],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});

describe("a bare state dict of ESM2", () => {
  it("shows a released model by its sizes, its heads too", () => {
    const weights = bareStateDict(esm2Definition, esm2Presets.t12_35M);
    expect(isRecognized(esm2Definition, weights)).toBe(true);
    expect(inferredConfig(esm2Definition, weights)).toEqual({
      ...esm2Presets.t12_35M,
      hiddenDropoutProb: 0.1, // has no effect on stored weights
    });
  });

  it("shows the heads of another by rotary frequencies or the contact head, else asks for a configuration", () => {
    const config = esm2Config({ hiddenSize: 24, numHiddenLayers: 3, numAttentionHeads: 2 });
    const weights = bareStateDict(esm2Definition, config);
    const heads = (from: StateDict, stored: StateDict) =>
      esm2Definition.inferConfig(from, stored, "x").num_attention_heads;
    expect(heads(weights, fairEsmStateDict(weights, 12))).toBe(2);
    const contact = { dtype: "float32", shape: [1, 6], data: new Float32Array(6) } as const;
    const withContacts = new Map([...weights, ["esm.contact_head.regression.weight", contact] as const]);
    expect(heads(withContacts, withContacts)).toBe(2);
    expect(() => heads(weights, weights)).toThrow(/x: the number of attention heads cannot be inferred/);
  });
});
