import { f32, i64, initializeWeights, trace } from "@proteoscope/engine";
import { writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { esm2Config } from "../esm2/network.ts";
import { loadFeatureHead, loadLocalizationHead } from "./checkpoint.ts";
import { featureHead } from "./feature-head.ts";
import { localizationHead } from "./head.ts";
import { sequenceFeatureCount } from "./sequence-features.ts";

const esm = esm2Config({ hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2 });
const head = { labels: ["ER", "Golgi"], hiddenSize: 4, attentionHeads: 1, terminusWindow: 3, dropout: 0 };
const { parameters } = trace((w, inputs) => ({ y: localizationHead(w.at("localization"), head, inputs) }), {
  inputIds: i64(1, 4),
  representation: f32(1, 4, 8),
});
const headFiles = (config: object): Map<string, Uint8Array> =>
  new Map([
    ["localization/config.json", new TextEncoder().encode(JSON.stringify(config))],
    ["localization/model.safetensors", writeSafetensors(initializeWeights(parameters, 0))],
  ]);
const stored = {
  ...{ labels: head.labels, hidden_size: 4, attention_heads: 1, terminus_window: 3, dropout: 0 },
  window_residues: 62,
};

describe("the head of a model folder", () => {
  it("is read with its window, and undefined in a folder that has none", async () => {
    const loaded = await loadLocalizationHead(memoryFolder(headFiles(stored), "m"), esm);
    expect(loaded).toMatchObject({ config: head, windowResidues: 62 });
    expect(await loadLocalizationHead(memoryFolder(new Map(), "m"), esm)).toBeUndefined();
  });

  it("is refused where a part is missing, a field wrong or a tensor of another network", async () => {
    const half = headFiles(stored);
    half.delete("localization/config.json");
    await expect(loadLocalizationHead(memoryFolder(half, "m"), esm)).rejects.toThrow(
      /m\/localization\/config\.json/,
    );
    const wrong = memoryFolder(headFiles({ ...stored, hidden_size: 0 }), "m");
    await expect(loadLocalizationHead(wrong, esm)).rejects.toThrow(
      /m\/localization\/config\.json: hidden_size/,
    );
    const wide = { ...esm, hiddenSize: 16 };
    await expect(loadLocalizationHead(memoryFolder(headFiles(stored), "m"), wide)).rejects.toThrow(
      /m\/localization\/model\.safetensors: /,
    );
  });
});

describe("the feature head of a model folder", () => {
  const config = { labels: head.labels, hiddenSize: 4, layers: 1, inputDropout: 0.2, dropout: 0.5 };
  const stored = {
    ...{ labels: head.labels, hidden_size: 4, layers: 1 },
    ...{ input_dropout: 0.2, dropout: 0.5 },
  };
  const { parameters } = trace((w, { x }) => ({ y: featureHead(w, config, x) }), {
    x: f32(1, sequenceFeatureCount),
  });
  const weights = initializeWeights(parameters, 0);
  const files = (fields: object = {}): Map<string, Uint8Array> =>
    new Map([
      ["sequence_features/config.json", new TextEncoder().encode(JSON.stringify({ ...stored, ...fields }))],
      ["sequence_features/model.safetensors", writeSafetensors(weights)],
    ]);
  const load = (changed: Map<string, Uint8Array>, labels: readonly string[] | undefined = head.labels) =>
    loadFeatureHead(memoryFolder(changed, "m"), labels);

  it("is read as it was stored, and undefined in a folder that has none", async () => {
    expect(await load(files())).toEqual({ config, weights });
    expect(await load(headFiles(stored))).toBeUndefined();
  });

  it("is refused where a part is missing", async () => {
    for (const path of files().keys()) {
      const half = files();
      half.delete(path);
      await expect(load(half)).rejects.toThrow(`m/${path}`);
    }
  });

  it("is refused with other labels than the localization head's", async () => {
    await expect(load(files(), ["Golgi", "ER"])).rejects.toMatchObject({
      name: "CheckpointError",
      message:
        "m/sequence_features/config.json: labels: ER,Golgi where localization/config.json says Golgi,ER",
    });
  });

  it.each([
    ["no hidden size", { hidden_size: undefined }, "hidden_size"],
    ["less than no layers", { layers: -1 }, "layers"],
    ["dropout above all", { input_dropout: 1.5 }, "input_dropout"],
    ["labels that are no list", { labels: "ER" }, "labels"],
  ])("is refused with %s, by file and field", async (_, fields, field) => {
    await expect(load(files(fields))).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringContaining(`m/sequence_features/config.json: ${field}: `),
    });
  });

  it("is refused with tensors of another network", async () => {
    for (const [fields, fault] of [
      [{ hidden_size: 5 }, /layers\.0\.weight is \[4, \d+\], the model wants \[5, /],
      [{ layers: 2 }, /layers\.2\.weight is missing/],
    ] as const) {
      const refused = expect(load(files(fields))).rejects;
      await refused.toThrow("m/sequence_features/model.safetensors: ");
      await refused.toThrow(fault);
    }
  });
});
