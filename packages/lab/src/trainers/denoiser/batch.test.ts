import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { createPairing } from "../../data/batches/pairs.ts";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { conditionBatch, distanceBatch, droppedShare, stainBatch } from "./batch.ts";

const side = 8;
const plane = side * side;
const options = {
  ...{ side, latentSide: 2, latentChannels: 3, embeddingWidth: 2 },
  ...{ latentScale: 2, distanceScale: 4, seed: 5, conditioningDropout: 0.5, timesteps: 10 },
};
// A latent encoder whose result is the number of the crop, and embeddings that are the length of the sequence.
const sources = {
  encode: async (image: Float32Array, key: string) => ({
    mean: new Float32Array(12).fill(image.length === 2 * plane ? Number(key.split(" ")[0]) : Number.NaN),
    deviation: new Float32Array(12).fill(0.5),
  }),
  embed: async (sequence: string) => new Float32Array(2 * (sequence.length + 2)).fill(sequence.length),
};
const image = (distance: number) =>
  Float32Array.from({ length: 3 * plane }, (_, i) => (i < 2 * plane ? 0.5 : distance));
const shown = (index: number) => ({ crop: crop({ index }), image: image(8), symmetry: 1 });

describe("distanceBatch", () => {
  it("brings the distance to the latent grid in units of its scale", () => {
    const { shape, data } = distanceBatch([image(8), image(-4)], options);
    expect(shape).toEqual([2, 1, 2, 2]);
    expect([...(data as Float32Array)]).toEqual([2, 2, 2, 2, -1, -1, -1, -1]);
  });
});

describe("stainBatch", () => {
  const encodeStains = async () => [new Float32Array(12).fill(6), undefined];
  const shownCrops = Array.from({ length: 40 }, (_, index) => shown(index));

  it("is nothing for a denoiser without further stains", async () => {
    expect(await stainBatch(shownCrops, {}, options)).toEqual({});
  });

  it("leaves stains out of a fraction of the samples where a generator says which, of none without one", async () => {
    const shares = async (stainDropout: number, random = createGenerator(1, "left out")) => {
      const { stains } = await stainBatch(shownCrops, { encodeStains }, { ...options, stainDropout }, random);
      expect(stains!.shape).toEqual([40, 8, 2, 2]);
      const values = stains!.data as Float32Array;
      return shownCrops.filter((_, item) => values[item * 32] === 3).length;
    };
    expect(await shares(0)).toBe(40);
    expect(await shares(1)).toBe(0);
    const some = await shares(0.5);
    expect(some).toBeGreaterThan(8);
    expect(some).toBeLessThan(32);
    const validation = await stainBatch(shownCrops, { encodeStains }, { ...options, stainDropout: 1 });
    expect((validation.stains!.data as Float32Array)[0]).toBe(3);
  });
});

describe("conditionBatch", () => {
  const pairing = createPairing([
    protein({ id: "A", sequence: "MKT" }),
    protein({ id: "C", sequence: "MKTAY" }),
  ]);
  const at = (step: number) =>
    conditionBatch(
      step,
      Array.from({ length: 8 }, (_, index) => shown(index)),
      pairing,
      sources,
      options,
    );

  it("is a function of the step alone", async () => {
    const first = await at(4);
    await at(5);
    expect(await at(4)).toEqual(first);
    expect((await at(5)).timestep).not.toEqual(first.timestep);
  });

  it("conditions a fraction of the samples on their compartments with another sample's residues", async () => {
    const requests: string[] = [];
    const embed = async (residues: string, compartments?: string) => {
      requests.push(`${residues} ${compartments}`);
      return new Float32Array(2 * (residues.length + 2));
    };
    const many = Array.from({ length: 64 }, (_, index) => shown(index));
    const swappedOf = async (residueSwapProbability: number) => {
      requests.length = 0;
      await conditionBatch(1, many, pairing, { ...sources, embed }, { ...options, residueSwapProbability });
      const own = requests.map((pair) => pair.split(" ")[1]);
      for (const [item, pair] of requests.entries())
        expect([own[item], own[(item + 1) % 64]]).toContain(pair.split(" ")[0]);
      return requests.filter((pair) => pair === "MKT MKTAY" || pair === "MKTAY MKT").length;
    };
    expect(await swappedOf(0)).toBe(0);
    const [some, all] = [await swappedOf(0.5), await swappedOf(1)];
    expect(some).toBeGreaterThan(0);
    expect(all).toBeGreaterThan(some);
  });

  describe("with prototypes of the compartments of the images", () => {
    const prototypes = new Map([
      ["nucleoplasm", Float32Array.of(4, 0)],
      ["ER", Float32Array.of(0, 8)],
    ]);
    const shared = (name: string) => [
      { name: "nucleoplasm", weight: 1 },
      { name, weight: 3 },
    ];
    const everywhere = createPairing([
      protein({ id: "A", sequence: "MKT" }),
      protein({ id: "C", sequence: "MKTAY" }),
      protein({ id: "D", sequence: "MW", labels: shared("ER") }),
      protein({ id: "E", sequence: "MWW", labels: shared("Golgi") }),
    ]);
    const cells = Array.from({ length: 64 }, (_, index) => shown(index));
    const [plain, mixed, unknown] = [
      { ...shown(0), crop: crop({ index: 0 }) },
      { ...shown(1), crop: crop({ index: 1, labels: shared("ER") }) },
      { ...shown(2), crop: crop({ index: 2, labels: shared("Golgi") }) },
    ];
    const context: { residues: string; compartments: string | Float32Array | undefined }[] = [];
    const embed = async (residues: string, compartments?: string | Float32Array) => {
      context.push({ residues, compartments });
      return new Float32Array(2 * (residues.length + 2));
    };
    const contextOf = async (
      images: readonly ReturnType<typeof shown>[],
      rates: object,
      table = prototypes,
    ) => {
      context.length = 0;
      const given = { ...sources, embed, prototypes: table };
      const batch = await conditionBatch(1, images, everywhere, given, { ...options, ...rates });
      return { batch, context: [...context] };
    };

    it("conditions all samples on them at probability 1, mixed by their shares", async () => {
      const { context } = await contextOf([plain, mixed], { prototypeProbability: 1 });
      expect(context.map(({ compartments }) => compartments)).toEqual([
        Float32Array.of(4, 0),
        Float32Array.of(0.25 * 4, 0.75 * 8),
      ]);
      expect(context[1]!.residues).toBe("MW");
    });

    it("conditions on the protein where a compartment has no prototype, or where there are none", async () => {
      const [{ context: some }, { context: none }] = [
        await contextOf([unknown, mixed], { prototypeProbability: 1 }),
        await contextOf([plain, mixed], { prototypeProbability: 1 }, new Map()),
      ];
      expect(some.map(({ compartments }) => typeof compartments)).toEqual(["string", "object"]);
      for (const { residues, compartments } of [some[0]!, ...none]) expect(compartments).toBe(residues);
    });

    it("conditions a fraction of the samples on them, and changes nothing else of a batch", async () => {
      const [without, never, half] = [
        await contextOf(cells, {}),
        await contextOf(cells, { prototypeProbability: 0 }),
        await contextOf(cells, { prototypeProbability: 0.5 }),
      ];
      for (const { residues, compartments } of never.context) expect(compartments).toBe(residues);
      expect(never).toEqual(without);
      const targeted = half.context.filter(({ compartments }) => typeof compartments !== "string").length;
      expect(targeted).toBeGreaterThan(20);
      expect(targeted).toBeLessThan(44);
      expect(half.batch).toEqual(without.batch); // since these embeddings do not depend on compartments
    });

    it("may be combined with the residues of another protein", async () => {
      const { context } = await contextOf(cells, { prototypeProbability: 1, residueSwapProbability: 1 });
      expect(new Set(context.map(({ residues }) => residues))).toEqual(new Set(["MKT", "MKTAY"]));
      for (const { compartments } of context) expect(compartments).toEqual(Float32Array.of(4, 0));
    });
  });

  it("samples proteins, time steps and dropped sequences for each sample", async () => {
    const batches = await Promise.all([0, 1, 2, 3].map(at));
    const all = (name: "timestep" | "isDropped") =>
      batches.flatMap((batch) => Array.from(batch[name].data as Int32Array));
    expect(new Set(all("timestep")).size).toBeGreaterThan(5);
    expect(all("timestep").every((value) => value >= 0 && value < 10)).toBe(true);
    const dropped = all("isDropped").reduce((sum, value) => sum + value, 0);
    expect(dropped).toBeGreaterThan(8);
    expect(dropped).toBeLessThan(24);
    const lengths = batches.flatMap(({ mask }) => [...(mask.data as Uint8Array)]);
    expect(new Set(lengths)).toEqual(new Set([0, 1])); // both proteins occur
  });

  it("refuses a crop without a protein", async () => {
    const lost = [{ ...shown(1), crop: crop({ index: 1, primary: "ER" }) }];
    await expect(conditionBatch(0, lost, pairing, sources, options)).rejects.toThrow(
      /crop 1 has no training/,
    );
  });
});

describe("droppedShare", () => {
  it("falls linearly from all samples to the dropout while the conditioning warms up", () => {
    const warmup = { conditioningDropout: 0.2, conditioningWarmupSteps: 10 };
    expect(droppedShare(0, warmup)).toBe(1);
    expect(droppedShare(5, warmup)).toBeCloseTo(0.6, 12);
    expect(droppedShare(10, warmup)).toBeCloseTo(0.2, 12);
    expect(droppedShare(99, warmup)).toBeCloseTo(0.2, 12);
    expect(droppedShare(0, { conditioningDropout: 0.2 })).toBeCloseTo(0.2, 12);
  });
});
