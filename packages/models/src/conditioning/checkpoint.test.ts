import { f32, float32, i64, initializeWeights, trace } from "@proteoscope/engine";
import { writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { esm2Config } from "../esm2/network.ts";
import { featureHead } from "../localization/feature-head.ts";
import { localizationHead } from "../localization/head.ts";
import { sequenceFeatureCount } from "../localization/sequence-features.ts";
import {
  type LoadedCondition,
  languageModelFolder,
  loadFeatureHead,
  loadLocalizationHead,
  loadSequenceCondition,
  saveSequenceCondition,
} from "./checkpoint.ts";

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

describe("the head on descriptors of a model folder", () => {
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

describe("the condition of a model folder", () => {
  const vector = (length: number) => float32([length], new Float32Array(length).fill(1));
  const residues = (width: number) =>
    new Map([
      ["residues.mean", vector(width)],
      ["residues.deviation", vector(width)],
    ]);

  it("comes back as it was written, with what is told of a sequence", async () => {
    for (const [input, width] of [
      ["one_hot", 33],
      ["mean", 8],
    ] as const) {
      const folder = memoryFolder(saveSequenceCondition({ input, weights: residues(width) }), "m");
      expect(await loadSequenceCondition(folder, esm, undefined)).toEqual({
        input,
        weights: residues(width),
      });
    }
    const random = memoryFolder(saveSequenceCondition({ input: "random", weights: new Map() }), "m");
    expect(await loadSequenceCondition(random, esm, head)).toEqual({ input: "random", weights: new Map() });
  });

  it("is of every residue where nothing else is said", async () => {
    const files = saveSequenceCondition({ input: "full", weights: residues(8) });
    files.delete("condition/config.json");
    expect((await loadSequenceCondition(memoryFolder(files, "m"), esm, undefined)).input).toBe("full");
  });

  it("brings what is decided of compartments, which must be labels of the head", async () => {
    const target = { compartments: ["Golgi", "ER"], inverseTemperature: 6 };
    const weights = new Map([
      ...residues(8),
      ["compartments.mean", vector(2)] as const,
      ["compartments.deviation", vector(2)] as const,
      ["compartments.directions", float32([2, 8], new Float32Array(16).fill(0.5))] as const,
      ["compartments.prototypes", float32([2, 2], Float32Array.of(-5, 6, 7, -4))] as const,
    ]);
    const read = (condition: LoadedCondition, { isConditioned } = { isConditioned: true }) =>
      loadSequenceCondition(
        memoryFolder(saveSequenceCondition(condition), "m"),
        esm,
        isConditioned ? head : undefined,
      );
    const condition = { input: "full", target, weights } as const;
    expect(await read(condition)).toEqual(condition);
    const stored = JSON.parse(
      new TextDecoder().decode(saveSequenceCondition(condition).get("condition/config.json")),
    );
    expect(stored).toEqual({
      input: "full",
      target: { compartments: ["Golgi", "ER"], inverse_temperature: 6 },
    });

    const elsewhere = { ...condition, target: { ...target, compartments: ["Golgi", "lysosome"] } };
    const place = "m/condition/config.json: target.compartments";
    await expect(read(elsewhere)).rejects.toThrow(`${place}: "lysosome" is no label of localization/`);
    await expect(read(condition, { isConditioned: false })).rejects.toThrow(`${place}: "Golgi" is no label`);
    await expect(read({ ...condition, target: { ...target, inverseTemperature: 0 } })).rejects.toThrow(
      /m\/condition\/config\.json: target.inverse_temperature/,
    );
    const withoutContext = new Map([...weights].filter(([name]) => name !== "compartments.prototypes"));
    await expect(read({ ...condition, weights: withoutContext })).rejects.toThrow(/compartments\.prototypes/);
  });

  it("is read under the names that version 0.1 wrote", async () => {
    const weights = new Map([
      ...residues(8),
      ...["mean", "deviation"].map(
        (name) => [`compartments.${name}`, float32([2], Float32Array.of(1, 2))] as const,
      ),
      ["compartments.directions", float32([2, 8], new Float32Array(16))] as const,
      ["compartments.prototypes", float32([2, 2], Float32Array.of(-5, 6, 7, -4))] as const,
    ]);
    const target = { compartments: ["Golgi", "ER"], inverseTemperature: 6 };
    const condition = { input: "full" as const, target, weights };
    const files = saveSequenceCondition(condition);
    const text = new TextDecoder().decode(files.get("condition/config.json")!);
    files.set(
      "condition/config.json",
      new TextEncoder().encode(
        text.replace('"target"', '"decision"').replace('"inverse_temperature"', '"sharpness"'),
      ),
    );
    const old = new Map(
      [...weights].map(([name, value]) => [name.replace("prototypes", "typical"), value] as const),
    );
    files.set("condition/model.safetensors", writeSafetensors(old));
    expect(await loadSequenceCondition(memoryFolder(files, "m"), esm, head)).toEqual(condition);
  });

  it("is refused without what it says of compartments, where the model has a head", async () => {
    const folder = memoryFolder(saveSequenceCondition({ input: "full", weights: residues(8) }), "m");
    await expect(loadSequenceCondition(folder, esm, head)).rejects.toThrow(
      /m\/condition\/model\.safetensors: .*compartments/s,
    );
  });
});

describe("the language model of a folder", () => {
  it("is in plm, or the folder itself where it was published", async () => {
    const file = new Uint8Array(1);
    const inside = await languageModelFolder(memoryFolder(new Map([["plm/config.json", file]]), "m"));
    expect(inside.name).toBe("m/plm");
    expect((await languageModelFolder(memoryFolder(new Map([["model.pt", file]]), "m"))).name).toBe("m");
  });
});
