import { float32 } from "@proteoscope/engine";
import { writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { esm2Config } from "../esm2/network.ts";
import { type LoadedCondition, loadSequenceCondition, saveSequenceCondition } from "./checkpoint.ts";

const esm = esm2Config({ hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2 });
const head = { labels: ["ER", "Golgi"], hiddenSize: 4, attentionHeads: 1, terminusWindow: 3, dropout: 0 };

describe("the condition of a model folder", () => {
  const vector = (length: number) => float32([length], new Float32Array(length).fill(1));
  const residues = (width: number) =>
    new Map([
      ["residues.mean", vector(width)],
      ["residues.deviation", vector(width)],
    ]);

  it("comes back as it was written, for each input", async () => {
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

  it("is that of every residue where there is no configuration", async () => {
    const files = saveSequenceCondition({ input: "full", weights: residues(8) });
    files.delete("condition/config.json");
    expect((await loadSequenceCondition(memoryFolder(files, "m"), esm, undefined)).input).toBe("full");
  });

  it("has a target, whose compartments must be labels of the head", async () => {
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

  it("is refused without weights for the compartments where the model has a head", async () => {
    const folder = memoryFolder(saveSequenceCondition({ input: "full", weights: residues(8) }), "m");
    await expect(loadSequenceCondition(folder, esm, head)).rejects.toThrow(
      /m\/condition\/model\.safetensors: .*compartments/s,
    );
  });
});
