import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createGenerator,
  exportOnnx,
  f32,
  initializeWeights,
  mean,
  type Runtime,
  reshape,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { randomModelFiles } from "@proteoscope/microscope/testing";
import { declareParameters, memoryFolder, savePretrained } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { subcellDefaults } from "@proteoscope/models/released";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { judgedShape } from "../../testing/judged-model.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import { cachedEncoder } from "./embedding-cache.ts";
import type { CellEncoder } from "./encoder.ts";
import { featureGroups, openFeatureEncoder } from "./features.ts";
import { type JudgeSource, openEncoders } from "./open-encoders.ts";

vi.setConfig({ testTimeout: 60_000 });

const side = 16;
const cellOf = (seed: number): CellPlanes => {
  const plane = (name: string) => createGenerator(seed, name).uniform(side * side);
  return { side, protein: plane("protein"), nucleus: plane("nucleus"), distance: plane("distance") };
};
const cells = [cellOf(1), cellOf(2), cellOf(3)];

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  folder = await mkdtemp(join(tmpdir(), "encoders-"));
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
});

const open = async (source: JudgeSource): Promise<CellEncoder> => {
  const options = { side, pixelSizeMicrons: 0.4126, cacheFolder: undefined, classifier: undefined };
  return (await openEncoders(runtime, [source], options))[1]!;
};

describe("the features", () => {
  it("are one vector per cell whose groups and names fit, and are judged without the spectrum", async () => {
    const encoder = openFeatureEncoder();
    const { names, groups } = featureGroups();
    const [first, second] = await encoder.encode(cells);
    expect(first!.embedding).toHaveLength(names.length);
    expect(first!.embedding).not.toEqual(second!.embedding);
    expect(groups.map(({ name }) => name)).toEqual(["placement", "texture", "spectrum"]);
    expect(encoder.judged).toBe(groups[2]!.start);
    // What is said of a channel does not change with the other one.
    const [cell, other] = [cells[0]!, cells[1]!];
    const changed = {
      protein: { ...cell, nucleus: other.nucleus },
      nucleus: { ...cell, protein: other.protein },
    };
    for (const channel of ["protein", "nucleus"] as const) {
      const seen = await encoder.encode([cell, changed[channel]]);
      const [own, same] = seen.map(({ embedding }) => encoder.ofChannel!(embedding, channel));
      expect(same).toEqual(own);
      expect(seen[0]!.embedding).not.toEqual(seen[1]!.embedding);
      expect(own!.length).toBeGreaterThan(5);
    }
    expect(new Set(names).size).toBe(names.length);
  });

  it("come first, whatever was asked for", async () => {
    const options = { side, pixelSizeMicrons: 1, cacheFolder: undefined, classifier: undefined };
    const encoders = await openEncoders(runtime, [{ name: "classifier" }, { name: "features" }], options);
    expect(encoders.map(({ name }) => name)).toEqual(["features"]); // there is no model whose classifier it could be
  });
});

describe("networks", () => {
  it("a run of `train classifier` judges by its own classes, and says whether it saw simulated cells", async () => {
    const parts = [...randomModelFiles(judgedShape)].filter(([path]) => path.startsWith("classifier/"));
    const files = (config: string) =>
      new Map([
        ...parts.map(([path, bytes]) => [`model/${path}`, bytes] as const),
        ["config.yaml", new TextEncoder().encode(config)],
      ]);
    const source = (config: string) => ({ name: "run", path: "run", folder: memoryFolder(files(config)) });
    const real = await open(source("data:\n  blend_share: 0\n"));
    expect(real).toMatchObject({ trainedOn: "real cells of this data set" });
    expect(real.compartments).toContain("Golgi");
    const { probabilities } = (await real.encode(cells))[0]!;
    expect(probabilities!.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    const mixed = await open(source("data:\n  simulated: atlas\n"));
    expect(mixed.trainedOn).toBe("real and simulated cells");
    expect(mixed.identity).toBe(real.identity); // the same weights
  });

  it("cytoself gives its global code, and names proteins where it was stored with them", async () => {
    const config = {
      inputShape: [2, side, side],
      encoderArgs: [1, 2].map(() => ({
        stochasticDepthProb: 0,
        blocksArgs: [
          { expandRatio: 1, kernel: 3, stride: 2, inputChannels: 8, outChannels: 8, numLayers: 1 },
        ],
      })),
      vqArgs: {
        ...{ numEmbeddings: 16, embeddingDim: 8, channelSplit: 1 },
        ...{ commitmentCost: 0.25, softmaxlossCost: 0 },
      },
      fcOutputIdx: [2],
      fcArgs: { numLayers: 2, numFeatures: 12, dropoutRate: 0.1 },
      numClass: 3,
    } as const;
    const empty = { architecture: "cytoself", config, weights: new Map() } as const;
    const weights = initializeWeights(declareParameters(empty), 4);
    const files = new Map(savePretrained({ ...empty, weights }));
    const stored = JSON.parse(new TextDecoder().decode(files.get("config.json")));
    stored.proteoscope = {
      ...{ channels: ["protein", "nucleus"], image_variance: 0.02, distance_scale: 3 },
      labels: ["ACTB", "FBL", "NPM1"],
    };
    files.set("config.json", new TextEncoder().encode(JSON.stringify(stored)));
    const encoder = await open({ name: "cytoself", path: "x", folder: memoryFolder(files) });
    expect(encoder.proteins).toEqual(["ACTB", "FBL", "NPM1"]);
    const [first, second] = await encoder.encode(cells);
    expect(first!.proteinLogits).toHaveLength(3);
    expect(first!.embedding.length).toBeGreaterThan(8);
    expect((await encoder.encode([cells[1]!]))[0]!.proteinLogits![0]).toBeCloseTo(
      second!.proteinLogits![0]!,
      4,
    );
  });

  it("SubCell gives an embedding of nucleus and protein, and refuses stains that crops lack", async () => {
    const config = {
      ...subcellDefaults,
      ...{ hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 12, imageSize: 32 },
      ...{ poolSize: 4, classifierSizes: [6, 5] as const, numClassifiers: 0 },
    };
    const folderOf = (stains: readonly ("nucleus" | "protein" | "er")[]) => {
      const empty = { architecture: "subcell", config: { ...config, stains }, weights: new Map() } as const;
      const weights = initializeWeights(declareParameters(empty), 4);
      return memoryFolder(new Map(savePretrained({ ...empty, weights })));
    };
    const source = (stains: Parameters<typeof folderOf>[0]) => ({
      ...{ name: "subcell", path: "subcell", folder: folderOf(stains) },
    });
    const [first, second] = await (await open(source(["nucleus", "protein"]))).encode(cells);
    expect(first!.embedding).toHaveLength(16);
    expect(first!.embedding).not.toEqual(second!.embedding);
    await expect(open(source(["er", "nucleus", "protein"]))).rejects.toThrow(/stain of er.*DNA-Protein/);
  });
});

describe("an ONNX model", () => {
  // Means of each channel over pixels: what an encoder gives can be counted by hand.
  const write = async (name: string, description: string | undefined) => {
    const traced = trace(
      (_, { image }) => ({ output: reshape(mean(image, { axes: [2, 3] }), ["batch", 2]) }),
      { image: f32("batch", 2, 8, 8) },
    );
    const path = join(folder, name);
    await writeFile(path, exportOnnx(traced, new Map()));
    if (description !== undefined) await writeFile(`${path}.json`, description);
    return { name, path, folder: openFolder(folder) };
  };

  it("is given crops resized and scaled as its description says", async () => {
    const description = {
      side: 8,
      input: "image",
      channels: ["protein", "nucleus"],
      mean: [0.5, 0],
      std: [2, 1],
    };
    const encoder = await open(await write("means.onnx", JSON.stringify(description)));
    const flat = (value: number) => new Float32Array(side * side).fill(value);
    const cell = { side, protein: flat(0.9), nucleus: flat(0.3), distance: flat(0) };
    const [encoded] = await encoder.encode([cell]);
    expect(encoded!.embedding[0]).toBeCloseTo(0.2, 5);
    expect(encoded!.embedding[1]).toBeCloseTo(0.3, 5);
    expect(encoder.title).toContain("resized to 8x8");
  });

  it("sees the channels apart where its description says so, each in all channels of the input", async () => {
    const description = { side: 8, input: "image", channels: ["protein", "protein"], apart: true };
    const encoder = await open(await write("apart.onnx", JSON.stringify(description)));
    const flat = (value: number) => new Float32Array(side * side).fill(value);
    const [encoded] = await encoder.encode([
      { side, protein: flat(0.75), nucleus: flat(0.25), distance: flat(0) },
    ]);
    expect([...encoded!.embedding]).toEqual([0.75, 0.75, 0.25, 0.25]);
    expect([...encoder.ofChannel!(encoded!.embedding, "protein")]).toEqual([0.75, 0.75]);
    expect([...encoder.ofChannel!(encoded!.embedding, "nucleus")]).toEqual([0.25, 0.25]);
    const classes = { ...description, classes: "output", labels: ["ER", "Golgi"] };
    await expect(open(await write("classes.onnx", JSON.stringify(classes)))).rejects.toThrow(/apart: /);
  });

  it.each([
    ["no description", undefined, /means\.onnx\.json: missing; it says at least \{"side": 224\}/],
    ["no JSON", "{", /is not JSON/],
    ["no side", "{}", /side: /],
    ["an unknown field", '{"side": 8, "colour": 1}', /colour/],
  ])("is refused with %s", async (name, description, message) => {
    const inFolder = join(name.replaceAll(" ", "-"));
    const source = await write(`${inFolder}-means.onnx`, description);
    await expect(open(source)).rejects.toThrow(message);
  });

  it("names the outputs that it has where another was described", async () => {
    const text = '{"side": 8, "input": "image", "channels": ["protein", "nucleus"], "embedding": "pooled"}';
    const encoder = await open(await write("other.onnx", text));
    await expect(encoder.encode(cells)).rejects.toThrow(/no output "pooled" of floats; it has output/);
  });
});

describe("the cache of embeddings", () => {
  const counted = () => {
    let encodedCells = 0;
    const encoder: CellEncoder = {
      ...{ name: "x", title: "x", identity: "abc", trainedOn: "nothing" },
      encode: async (given) => {
        encodedCells += given.length;
        return given.map(({ protein }) => ({
          embedding: protein.slice(0, 3),
          probabilities: protein.slice(3, 5),
        }));
      },
      close: async () => undefined,
    };
    return { encoder, count: () => encodedCells };
  };

  it("encodes an image once, in this process and in the next, and gives the same", async () => {
    const place = join(folder, "cache");
    const first = counted();
    const cached = await cachedEncoder(first.encoder, place);
    const results = await cached.encode([...cells, cells[0]!]);
    expect(await cached.encode(cells)).toEqual(results.slice(0, 3));
    expect(first.count()).toBe(3);
    const second = counted();
    const again = await cachedEncoder(second.encoder, place);
    expect(await again.encode(cells)).toEqual(results.slice(0, 3));
    await again.encode([cellOf(4)]);
    expect(second.count()).toBe(1);
    expect(await readdir(place)).toEqual(["abc.embeddings"]);
  });

  it("drops a record that a kill has cut off, and no other", async () => {
    const place = join(folder, "cut");
    await (await cachedEncoder(counted().encoder, place)).encode(cells);
    const path = join(place, "abc.embeddings");
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 7));
    const { encoder, count } = counted();
    const cached = await cachedEncoder(encoder, place);
    expect((await stat(path)).size).toBe((2 * whole.length) / 3);
    await cached.encode(cells);
    expect(count()).toBe(1);
    expect(await readFile(path)).toEqual(whole);
  });

  it("is none where no folder is named", async () => {
    const { encoder } = counted();
    expect(await cachedEncoder(encoder, undefined)).toBe(encoder);
  });
});
