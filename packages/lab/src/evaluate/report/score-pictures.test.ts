import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { crop } from "../../testing/atlas-fixture.ts";
import type { ProteinRecord } from "../answers-file.ts";
import {
  scoreClassProportions,
  scoreDistances,
  scoreEffects,
  scoreMemorisation,
  scoreOverlap,
  scoreProportions,
  scoreReconstruction,
  scoreReliability,
} from "./score-pictures.ts";

const options = { seed: 1, rounds: 100 };
const peakedAt = (answer: string, most = 1) =>
  imageCompartments.map((name) => (name === answer ? most : (1 - most) / 11));
const changedTo = (predicted: string, most = 1) => ({
  probabilities: peakedAt(predicted, most),
  protein: "",
});

function protein(changes: Partial<ProteinRecord["drawn"]> = {}, answers: Partial<ProteinRecord> = {}) {
  const record: ProteinRecord = {
    ...{ kind: "protein", id: "P", set: "opencell", nucleus: 0 },
    label: { name: "ER", members: ["ER"] },
    ...{ languageModel: peakedAt("ER"), uncalibrated: peakedAt("ER") },
    drawn: {
      ...{
        probabilities: peakedAt("ER"),
        agreement: null,
        nuclearProportion: 0.5,
        features: [0, 0],
        ...{ protein: "", nucleus: "", others: [] },
      },
      ...changes,
    },
    changed: null,
    ...answers,
  };
  return record;
}

describe("distances", () => {
  const features = (count: number, seed: number, shift = 0) => {
    const values = createGenerator(seed, "features").normal(2 * count);
    return Array.from({ length: count }, (_, i) => values.slice(2 * i, 2 * i + 2).map((x) => x + shift));
  };
  const real = features(60, 1).map((row, i) => ({
    crop: crop({ fieldOfView: `f${Math.floor(i / 2)}` }),
    features: row,
  }));
  const drawn = (shift: number) => features(20, 2, shift).map((row) => protein({ features: [...row] }));

  it("are of equal numbers of images, and near the floor for images like the real ones", () => {
    const { frechet, kernel } = scoreDistances(drawn(0), real, options);
    expect([frechet.n, frechet.drawnToReal!.n, frechet.realToReal!.n, kernel.n]).toEqual([20, 20, 20, 20]);
    expect(frechet.drawnToReal!.value).toBeLessThan(1);
    const [low, high] = kernel.drawnToReal!.interval95;
    expect(low < 0 && high > 0).toBe(true);
  });

  it("grow as the generated images leave the real ones, whose own distance stays", () => {
    const [near, far] = [scoreDistances(drawn(0), real, options), scoreDistances(drawn(3), real, options)];
    expect(far.frechet.drawnToReal!.value).toBeGreaterThan(near.frechet.drawnToReal!.value + 15);
    expect(far.kernel.drawnToReal!.interval95[0]).toBeGreaterThan(near.kernel.drawnToReal!.interval95[1]);
    expect(far.frechet.realToReal).toEqual(near.frechet.realToReal);
  });

  it("keep the crops of a field in one half", () => {
    const twins = real.slice(0, 4).map((one, i) => ({ ...one, features: Float32Array.of(i < 2 ? 0 : 9, 0) }));
    const { frechet } = scoreDistances(drawn(0), twins, options);
    expect(frechet.n).toBe(2);
    expect(frechet.realToReal!.value).toBeCloseTo(81, 3);
  });

  it("do not rest on the largest field where few images were generated", () => {
    const uneven = real.map((one, i) => ({
      features: i < 10 ? Float32Array.of(50, 50) : one.features,
      crop: crop({ fieldOfView: i < 10 ? "large" : `f${i}` }),
    }));
    const { realToReal } = scoreDistances(drawn(0).slice(0, 10), uneven, options).frechet;
    const ofLargeAlone = 2 * 50 ** 2;
    expect(realToReal!.value).toBeLessThan(0.7 * ofLargeAlone);
  });

  it("are none of a single image", () => {
    expect(scoreDistances(drawn(0).slice(0, 1), real, options).frechet.drawnToReal).toBeNull();
  });
});

describe("nuclear proportions", () => {
  it("are compared image by image and resampled by protein; black images have none", () => {
    const pair = (id: string, index: number, drawn: number | null, real: number) => ({
      ...{ kind: "crop" as const, crop: index, protein: id, isSeen: true, drawn, real },
      ...{ overlap: 0.5, otherOverlap: 0.4, image: "", otherImage: "" },
    });
    const records = [pair("A", 0, 0.2, 0.1), pair("A", 1, 0.3, 0.2), pair("B", 2, 0.6, 0.5)];
    const { images, correlation, meanError } = scoreProportions([...records, pair("C", 3, null, 1)], options);
    expect(images).toBe(3);
    expect(correlation).toMatchObject({ n: 2 });
    expect(correlation!.value).toBeCloseTo(1, 12);
    expect(meanError!.value).toBeCloseTo(0.1, 12);
  });

  it("have means by class, of generated images and of real crops of any part of it", () => {
    const label = { name: "nucleus (any part)", members: ["nucleoplasm", "nucleolus"] };
    const records = [0.4, 0.6].map((nuclearProportion) => protein({ nuclearProportion }, { label }));
    const real = [
      { crop: crop({ primary: "nucleolus" }), proportion: 1 },
      { crop: crop({ primary: "chromatin" }), proportion: 0.5 },
      { crop: crop({ primary: "ER" }), proportion: 0 },
    ] satisfies { crop: Crop; proportion: number }[];
    const [only] = scoreClassProportions(records, real, options);
    expect(only).toMatchObject({
      name: label.name,
      drawn: { value: 0.5, n: 2 },
      real: { value: 0.75, n: 2 },
    });
  });
});

describe("effects", () => {
  it("are how often another compartment is recognised, and how much of the probability moves", () => {
    const changed = {
      shuffledSequence: changedTo("Golgi"),
      otherProtein: { id: "Q", ...changedTo("ER", 0.5) },
      otherNucleus: { nucleus: 1, probabilities: peakedAt("ER") },
      ...{ randomEmbedding: changedTo("Golgi"), unconditional: changedTo("ER") },
    };
    const { shuffledSequence, otherProtein, otherNucleus, randomEmbedding, unconditional } = scoreEffects(
      [protein({}, { changed }), protein()],
      options,
    );
    expect([shuffledSequence.sameAnswer!.value, shuffledSequence.change!.value]).toEqual([0, 1]);
    expect(otherProtein.sameAnswer!.value).toBe(1);
    expect([randomEmbedding.sameAnswer!.value, unconditional.sameAnswer!.value]).toEqual([0, 1]);
    expect(otherProtein.change!.value).toBeCloseTo(0.5, 12);
    expect(otherNucleus.change).toEqual({ value: 0, interval95: [0, 0], n: 1 });
  });

  it("are none of another nucleus where the library has but one", () => {
    const changed = {
      shuffledSequence: changedTo("ER"),
      otherProtein: { id: "Q", ...changedTo("ER") },
      otherNucleus: { nucleus: 0, probabilities: peakedAt("ER") },
      ...{ randomEmbedding: changedTo("Golgi"), unconditional: changedTo("ER") },
    };
    const { otherNucleus } = scoreEffects([protein({}, { changed })], options);
    expect(otherNucleus).toEqual({ sameAnswer: null, change: null });
  });
});

describe("overlaps", () => {
  it("are compared with those of another protein's image around the same nucleus", () => {
    const crop = (protein: string, overlap: number | null, otherOverlap: number) => ({
      ...{ kind: "crop" as const, crop: 0, protein, isSeen: false, drawn: 0.5, real: 0.5 },
      ...{ overlap, otherOverlap, image: "", otherImage: "" },
    });
    const crops = [crop("A", 0.6, 0.4), crop("A", 0.8, 0.4), crop("B", 0.7, 0.4), crop("C", null, 0)];
    const { drawn, otherProtein, aboveFloor } = scoreOverlap(crops, options);
    expect(drawn).toMatchObject({ value: expect.closeTo(0.7, 12), n: 2 });
    expect(otherProtein!.value).toBeCloseTo(0.4, 12);
    expect(aboveFloor!.value).toBeCloseTo(0.5, 12);
    expect(scoreOverlap([], options)).toEqual({ drawn: null, otherProtein: null, aboveFloor: null });
  });
});

describe("the autoencoder", () => {
  const quality = (signalToNoise: number, power: number) => ({
    ...{ signalToNoise, structuralSimilarity: 0.9, multiScaleSimilarity: 0.95, overlap: 0.8 },
    power: new Array<number>(5).fill(power),
  });
  const read = (field: string, db: number, power: number) => ({
    field,
    quality: { protein: quality(db, power), nucleus: quality(2 * db, power) },
  });

  it("is judged channel by channel, resampled by field; power by its median", () => {
    const crops = [
      read("a", 10, 1),
      read("a", 20, 0.5),
      read("b", 30, 9),
      { field: "c", quality: undefined },
    ];
    const scores = scoreReconstruction(crops, options);
    expect(scores.crops).toBe(3);
    expect(scores.protein.signalToNoise).toMatchObject({ value: 20, n: 2 });
    expect(scores.nucleus.signalToNoise!.value).toBe(40);
    expect(scores.protein.power.map((band) => band!.value)).toEqual([1, 1, 1, 1, 1]);
    expect(scoreReconstruction([], options).protein.overlap).toBeNull();
  });
});

describe("reliability", () => {
  it("is not defined of single samples, and a curve of several", () => {
    expect(scoreReliability([protein()], options)).toBeNull();
    const curve = scoreReliability(
      [protein({ agreement: 0.9 }), protein({ agreement: 0.1, probabilities: peakedAt("Golgi") })],
      options,
    );
    expect(curve!.map(({ from, accuracy }) => [from, accuracy!.value])).toEqual([
      [0.1, 0],
      [0.9, 1],
    ]);
  });
});

describe("memorisation", () => {
  const at = (correlation: number) => ({ position: 0, symmetry: 0, correlation });
  const real = Array.from({ length: 21 }, (_, i) => at(i / 20));

  it("counts images that are nearer to a training crop than 95 of 100 real ones", () => {
    const { threshold, sets } = scoreMemorisation(
      { unseen: [at(0.97), at(0.3), at(0.9)], seen: [at(0.99)], real },
      500,
      options,
    );
    expect(threshold).toBeCloseTo(0.95, 12);
    expect(sets.unseen).toMatchObject({ n: 3, above: 1, median: 0.9 });
    expect(sets.unseen.share!.value).toBeCloseTo(1 / 3, 12);
    expect(sets.seen).toMatchObject({ n: 1, above: 1 });
  });

  it("has no threshold without real crops", () => {
    const { threshold, sets } = scoreMemorisation({ unseen: [at(1)], seen: [], real: [] }, 5, options);
    expect([threshold, sets.unseen.share, sets.seen.median]).toEqual([null, null, null]);
  });
});
