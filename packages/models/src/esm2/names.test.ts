import { i64, type NdArray, trace } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { canonicalEsm2Names, fairEsmName, fairEsmStateDict, huggingFaceName } from "./names.ts";
import { contactHead, esm2, esm2Config, languageModelHead } from "./network.ts";

const config = esm2Config({ numHiddenLayers: 12, hiddenSize: 8, numAttentionHeads: 2 });

const parameters = trace(
  (w, { inputIds }) => {
    const outputs = esm2(w, config, { inputIds });
    const contacts = contactHead(w, config, { inputIds }, outputs);
    return { logits: languageModelHead(w, config, outputs.representations.at(-1)!), contacts };
  },
  { inputIds: i64(1, 4) },
).parameters;

const values = new Map<string, NdArray>(
  [...parameters].map(([name, { shape }], index) => [
    name,
    { dtype: "float32", shape, data: Float32Array.of(index) },
  ]),
);

const renamed = (rename: (name: string) => string): Map<string, NdArray> =>
  new Map([...values].map(([name, value]) => [rename(name), value]));

describe("the names of ESM2", () => {
  it("go to fair-esm and back for every parameter of the model, one to one", () => {
    const there = [...parameters.keys()].map((name) => fairEsmName(name)!);
    expect(new Set(there).size).toBe(parameters.size);
    expect(there.map(huggingFaceName)).toEqual([...parameters.keys()]);
  });

  it("are those of the released checkpoints", () => {
    expect(fairEsmName("esm.encoder.layer.11.attention.self.query.weight")).toBe(
      "layers.11.self_attn.q_proj.weight",
    );
    expect(fairEsmName("esm.encoder.layer.0.LayerNorm.bias")).toBe("layers.0.final_layer_norm.bias");
    expect(huggingFaceName("layers.3.fc1.bias")).toBe("esm.encoder.layer.3.intermediate.dense.bias");
  });

  it("are unknown where neither package has them", () => {
    expect(fairEsmName("esm.encoder.layer.#.LayerNorm.bias")).toBeUndefined();
    expect(fairEsmName("esm.encoder.layer.x.LayerNorm.bias")).toBeUndefined();
    expect(huggingFaceName("layers.1.fc3.weight")).toBeUndefined();
  });
});

describe("canonicalEsm2Names", () => {
  const layouts: Record<string, (name: string) => string> = {
    "Hugging Face's EsmForMaskedLM": (name) => name,
    "Hugging Face's EsmModel": (name) => name.replace(/^esm\./, ""),
    "transformers 5": (name) =>
      name.replace(/(?<=LayerNorm\.)weight$/, "gamma").replace(/(?<=LayerNorm\.)bias$/, "beta"),
    "fair-esm": (name) => fairEsmName(name)!,
    "fair-esm's files": (name) => `encoder.${fairEsmName(name)}`,
    "fairseq's training": (name) => `encoder.sentence_encoder.${fairEsmName(name)}`,
    "a wrapped fair-esm": (name) => `model.encoder.${fairEsmName(name)}`,
  };
  for (const [layout, rename] of Object.entries(layouts)) {
    it(`reads the layout of ${layout}`, () => {
      expect(canonicalEsm2Names(renamed(rename))).toEqual(values);
    });
  }

  it("leaves out what follows from the rest, keeps what it does not know", () => {
    const some: NdArray = { dtype: "float32", shape: [1], data: Float32Array.of(1) };
    const extra = [
      "lm_head.decoder.weight",
      "lm_head.weight",
      "layers.0.self_attn.rot_emb.inv_freq",
      "esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq",
      "esm.embeddings.position_ids",
      "esm.embeddings.position_embeddings.weight",
      "pooler.dense.weight",
    ];
    const read = canonicalEsm2Names(new Map([...extra, "classifier.weight"].map((name) => [name, some])));
    expect([...read.keys()]).toEqual(["classifier.weight"]);
  });
});

describe("fairEsmStateDict", () => {
  it("writes what fair-esm's strict loading asks for, and reads back the same", () => {
    const written = fairEsmStateDict(values, 4);
    expect(written.get("lm_head.weight")).toBe(written.get("embed_tokens.weight"));
    expect(written.get("layers.11.self_attn.rot_emb.inv_freq")?.data).toEqual(Float32Array.of(1, 0.01));
    expect(written.size).toBe(values.size + 1 + 12);
    expect(canonicalEsm2Names(written)).toEqual(values);
  });

  it("refuses a parameter that is none of ESM2's", () => {
    const one: NdArray = { dtype: "float32", shape: [1], data: Float32Array.of(1) };
    expect(() => fairEsmStateDict(new Map([["localization.weight", one]]), 4)).toThrow(
      /localization\.weight is no parameter of ESM2/,
    );
  });
});
