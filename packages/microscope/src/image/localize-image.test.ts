import { float32, initializeWeights, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { declareParameters } from "@proteoscope/models";
import {
  type SubcellConfig,
  subcellDefaults,
  subcellLocations,
  subcellPixelSizeMicrons,
} from "@proteoscope/models/released";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CellImage, CellImageError, type LocalizedImage, localizeImages } from "./localize-image.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const config: SubcellConfig = {
  ...subcellDefaults,
  stains: ["nucleus", "protein"],
  hiddenSize: 8,
  numHiddenLayers: 1,
  numAttentionHeads: 2,
  intermediateSize: 12,
  imageSize: 32,
  poolSize: 4,
  classifierSizes: [6, 5],
};
const encoderOf = (changes: Partial<SubcellConfig> = {}) => {
  const own = { ...config, ...changes };
  const model = { architecture: "subcell", config: own, weights: new Map() } as const;
  return { config: own, weights: initializeWeights(declareParameters(model), 4) };
};

const plane = (size: number, seed: number) =>
  Float32Array.from({ length: size * size }, (_, i) => Math.abs(Math.sin(seed + i)) * 4000);
const cell = (id: string, size = 32, more: Partial<CellImage> = {}): CellImage => ({
  ...{ id, width: size, height: size },
  planes: { nucleus: plane(size, 1), protein: plane(size, 2) },
  ...more,
});

async function all(
  cells: Iterable<CellImage | CellImageError>,
  encoder = encoderOf(),
  options: Parameters<typeof localizeImages>[3] = {},
) {
  const rows: (LocalizedImage | CellImageError)[] = [];
  for await (const row of localizeImages(runtime, encoder, cells, options)) rows.push(row);
  return rows;
}

describe("localizeImages", () => {
  it("gives 31 probabilities, the most probable of them, and the embedding of each picture", async () => {
    const done: number[] = [];
    const rows = (await all([cell("a"), cell("b", 48)], encoderOf(), {
      total: 2,
      onProgress: (event) => done.push(event.done),
    })) as LocalizedImage[];
    expect(rows.map(({ id, shownWidth }) => [id, shownWidth])).toEqual([
      ["a", 32],
      ["b", 48],
    ]);
    expect(done).toEqual([1, 2]);
    for (const { probabilities, location, embedding } of rows) {
      expect(Object.keys(probabilities!)).toEqual(subcellLocations);
      expect(probabilities![location!]).toBe(Math.max(...Object.values(probabilities!)));
      expect(embedding).toHaveLength(16);
    }
    expect(rows[0]!.embedding).not.toEqual(rows[1]!.embedding);
  });

  it("brings a picture to the pixel size of the training images, in whole patches", async () => {
    const [row] = await all([cell("a", 32, { pixelSizeMicrons: 2 * subcellPixelSizeMicrons })]);
    expect(row).toMatchObject({ shownWidth: 64, shownHeight: 64 });
    const [odd] = await all([cell("a", 37)]);
    expect(odd).toMatchObject({ shownWidth: 32, shownHeight: 32 });
  });

  it("does not change with the unit of the intensities, and does with one stain's alone", async () => {
    const scaled = (factors: Record<"nucleus" | "protein", number>) =>
      cell("a", 32, {
        planes: {
          nucleus: plane(32, 1).map((v) => v * factors.nucleus),
          protein: plane(32, 2).map((v) => v * factors.protein),
        },
      });
    const [a, b, c] = (await all([
      scaled({ nucleus: 1, protein: 1 }),
      scaled({ nucleus: 7, protein: 7 }),
      scaled({ nucleus: 7, protein: 1 }),
    ])) as [LocalizedImage, LocalizedImage, LocalizedImage];
    expect([...b.embedding]).toEqual([...a.embedding].map((value) => expect.closeTo(value, 4)));
    expect([...c.embedding]).not.toEqual([...a.embedding].map((value) => expect.closeTo(value, 4)));
  });

  it("gives embeddings alone for an encoder without classifiers", async () => {
    const [row] = await all([cell("a")], encoderOf({ numClassifiers: 0 }));
    expect(row).toMatchObject({ location: undefined, probabilities: undefined });
  });

  it("gives the error of a picture that cannot be shown in its place, and goes on", async () => {
    const other = new CellImageError("lost.png", "is no picture");
    const rows = await all([
      cell("field", 32, { pixelSizeMicrons: 4 }),
      cell("half", 32, { planes: { nucleus: plane(32, 1) } }),
      cell("broken", 32, {
        planes: { nucleus: plane(32, 1).fill(Number.NaN), protein: plane(32, 2) },
      }),
      cell("dark", 32, { planes: { nucleus: plane(32, 1), protein: new Float32Array(32 * 32) } }),
      other,
      cell("good"),
    ]);
    expect(rows.map((row) => (row instanceof Error ? row.message : row.id))).toEqual([
      expect.stringMatching(
        /^field: is 32x32 pixels, 1600x1600 at 0\.0800885 micrometres: cut it to one cell/,
      ),
      "half: has no plane of protein",
      "broken: has values that are no numbers",
      "dark: shows no protein: every pixel of its plane is 0",
      "lost.png: is no picture",
      "good",
    ]);
  });

  it("refuses an encoder that gives no numbers", async () => {
    const encoder = encoderOf();
    const [name, value] = [...encoder.weights].at(-1)!;
    encoder.weights.set(name, float32(value.shape, new Float32Array(value.data.length).fill(Number.NaN)));
    await expect(all([cell("a")], encoder)).rejects.toThrow(
      /outputs are no numbers: its weights are damaged/,
    );
  });

  it("ends when the signal aborts", async () => {
    const signal = AbortSignal.abort();
    await expect(all([cell("a")], encoderOf(), { signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});
