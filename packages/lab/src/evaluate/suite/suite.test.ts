import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it, vi } from "vitest";
import { openFeatureEncoder } from "../encoders/features.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import { judgedClasses } from "../judges/judged-classes.ts";
import { type Figure, findFigure } from "./figure.ts";
import { type ImagePair, imageSetOf, type SetImage } from "./image-set.ts";
import { suiteSchema } from "./results.ts";
import { measureSuite, type SuiteInput } from "./suite.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const side = 24;
const work = { signal: new AbortController().signal };

/** A cell with its protein in the nucleus or around it, in noise of its own. */
function cellOf(place: string, seed: number, noise = 0.1): CellPlanes {
  const random = createGenerator(seed, "noise").uniform(2 * side * side);
  const distance = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return 6 - Math.hypot(x - side / 2, y - side / 2);
  });
  const protein = distance.map((value, i) => {
    const isLit = value > 0 === (place === "nucleoplasm");
    return Math.min(1, (isLit ? 0.7 : 0.1) + noise * random[i]!);
  });
  const nucleus = distance.map((value, i) => (value > 0 ? 0.8 : 0.05) + 0.1 * random[side * side + i]!);
  return { side, protein, nucleus, distance };
}

const places = ["nucleoplasm", "cytoplasm"];
const imageOf = (index: number, place: string, shown = place, seed = index): SetImage => ({
  ...{ id: `i${index}`, protein: `P${index % 10}`, field: `f${index % 12}` },
  label: { name: place, members: [place] },
  planes: cellOf(shown, seed),
});
const realImage = (index: number): SetImage => ({
  ...imageOf(index, places[index % 2]!),
  real: {
    judgedClass: judgedClasses.findIndex(({ name }) => name.startsWith(places[index % 2]!)),
    isUnseen: index % 3 === 0,
  },
});
const real = imageSetOf(
  "real",
  Array.from({ length: 60 }, (_, index) => realImage(index)),
);
const generated = (shownOf: (place: string, index: number) => string) =>
  imageSetOf(
    "generated",
    Array.from({ length: 40 }, (_, index) => {
      const place = places[index % 2]!;
      return imageOf(index, place, shownOf(place, index), 1000 + index);
    }),
  );

const pairs = Array.from({ length: 12 }, (_, index): ImagePair => {
  const place = places[index % 2]!;
  const planes = cellOf(place, index);
  return {
    ...{
      id: `p${index}`,
      protein: `P${index}`,
      label: undefined,
      isSeen: index < 6,
      field: "f",
      real: planes,
    },
    generated: cellOf(place, 500 + index),
    bounds: { "another protein": cellOf(places[(index + 1) % 2]!, 900 + index), copy: planes },
  };
});

const inputOf = (changes: Partial<SuiteInput> = {}): SuiteInput => ({
  real,
  subjects: [
    { subject: "generated", set: "unseen", images: generated((place) => place) },
    {
      subject: "shuffled sequence",
      set: "unseen",
      images: generated((_, index) => places[Math.floor(index / 2) % 2]!),
    },
  ],
  pairs: {
    count: pairs.length,
    async *read() {
      yield* pairs;
    },
  },
  tools: { encoders: [openFeatureEncoder()], pixelSizeMicrons: 0.4 },
  seed: 0,
  ...changes,
});

const valueIn = (figures: readonly Figure[]) => (key: Partial<Figure>) => findFigure(figures, key)!;

describe("the suite", async () => {
  const { results, details } = await measureSuite(inputOf(), work);
  const find = valueIn(results.figures);

  it("is what its schema says, and the same for the same seed", async () => {
    expect(suiteSchema.parse(results)).toEqual(results);
    expect(JSON.parse(JSON.stringify(results))).toEqual(results);
    expect((await measureSuite(inputOf(), work)).results).toEqual(results);
  });

  it("finds right images right, and those of a shuffled sequence right by chance", () => {
    const accuracy = (subject: string) => find({ measure: "accuracy", subject, compartment: null });
    expect(accuracy("real").value).toBe(1);
    expect(accuracy("real").n).toBe(4); // fields of crops that nothing learned from
    expect(accuracy("generated")).toMatchObject({ value: 1, n: 10, images: 40 });
    expect(accuracy("shuffled sequence").value).toBe(0.5);
    expect(find({ measure: "macro_recall", subject: "shuffled sequence" }).value).toBe(0.5);
    expect(find({ measure: "recall", subject: "generated", compartment: "cytoplasm" }).value).toBe(1);
  });

  it("judges unseen real crops alone for a judge's own accuracy, and compares judges on equal images", () => {
    const [judge] = results.judges;
    expect(judge).toMatchObject({ name: "features", real_crops: 20, trained_on: "nothing" });
    expect(judge!.confusion.generated.counts.flat().reduce((sum, count) => sum + count)).toBe(40);
    expect(results.agreement).toEqual([]); // one judge has none to agree with
  });

  it("compares sets with half of the real images, and puts the other half beside them", () => {
    const frechet = (subject: string) =>
      find({ measure: "frechet", subject, compartment: null, by: "features" });
    expect(frechet("other real images").images).toBe(frechet("generated").images);
    expect(find({ measure: "precision", subject: "generated" }).value).toBeGreaterThan(0.5);
    expect(find({ measure: "kid", subject: "generated", compartment: "cytoplasm" }).images).toBe(20);
  });

  it("bounds pairs around one nucleus by what it was given", () => {
    const iou = (subject: string, set: Figure["set"]) => find({ measure: "iou", subject, set }).value!;
    expect(iou("copy", "seen")).toBe(1);
    expect(iou("another protein", "seen")).toBeLessThan(iou("generated", "seen"));
    expect(find({ measure: "iou_above_floor", subject: "copy", set: "unseen" }).value).toBeCloseTo(1, 12);
    expect(find({ measure: "psnr", subject: "copy", set: "unseen" }).value).toBe(100);
    expect(find({ measure: "nuclear_proportion_mae", subject: "copy", set: "seen" }).value).toBe(0);
    expect(
      find({ measure: "nuclear_proportion_r", subject: "generated", set: "seen" }).value,
    ).toBeGreaterThan(0.9);
    expect(details.pairs!.rows).toHaveLength(12 * 3);
    const distance = (subject: string) =>
      results.paired_distance.find((one) => one.subject === subject && one.set === "seen")!;
    expect(distance("copy").paired).toBe(0);
    expect(distance("another protein").paired).toBeGreaterThan(distance("generated").paired);
  });

  it("measures profiles whose shares sum to 1, and a map of both kinds", () => {
    for (const { histogram, spectrum } of results.profiles)
      for (const shares of [histogram.protein, histogram.nucleus, spectrum.protein])
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    const { points, neighbours_agree, chance } = results.umap!;
    expect(points).toHaveLength(60 + 40);
    expect(neighbours_agree).toBeGreaterThan(0.95);
    expect(chance).toBeLessThan(0.7);
  });

  it("reports what can be compared alone where nothing is known of the images", async () => {
    const unknown = (set: typeof real) => ({
      ...set,
      async *read() {
        for await (const { real: _, ...image } of set.read()) yield { ...image, label: undefined };
      },
    });
    const subjects = [
      { subject: "generated", set: "all" as const, images: unknown(generated((place) => place)) },
    ];
    const { results: bare } = await measureSuite(
      inputOf({ real: unknown(real), subjects, pairs: undefined }),
      work,
    );
    expect([bare.judges, bare.top_k, bare.paired_distance]).toEqual([[], [], []]);
    expect(valueIn(bare.figures)({ measure: "kid", subject: "generated" }).value).not.toBeNull();
    expect(
      valueIn(bare.figures)({ measure: "real_or_generated_auc", by: "features: all" }).value,
    ).toBeLessThan(0.9);
  });

  it("stops at an abort, between two batches", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("interrupted"));
    await expect(measureSuite(inputOf(), { signal: controller.signal, onProgress })).rejects.toThrow(
      "interrupted",
    );
  });
});

describe("averages over several images", () => {
  it("are right more often than single images that err by chance", async () => {
    const samples = imageSetOf(
      "samples",
      Array.from({ length: 20 * 9 }, (_, i) => {
        const [protein, sample] = [i % 20, Math.floor(i / 20)];
        const place = places[protein % 2]!;
        const isWrong = createGenerator(i, "wrong").uniform(1)[0]! < 0.3;
        const shown = isWrong ? places[(protein + 1) % 2]! : place;
        return { ...imageOf(i, place, shown, 2000 + i), protein: `P${protein}`, id: `${protein} ${sample}` };
      }),
    );
    const { results } = await measureSuite(inputOf({ samples, pairs: undefined }), work);
    const values = Array.from({ length: 9 }, (_, m) =>
      valueIn(results.figures)({ measure: "accuracy_of_average", subject: `mean of ${m + 1}` }),
    );
    expect(values.map(({ n }) => n)).toEqual(Array(9).fill(20));
    expect(values[0]!.value).toBeLessThan(0.9);
    expect(values[8]!.value).toBeGreaterThan(values[0]!.value!);
  });
});
