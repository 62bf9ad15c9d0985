import { describe, expect, it } from "vitest";
import { localisationRow, writeAtlas } from "../../testing/atlas-fixture.ts";
import { readSequences, readTrainingSequences } from "./sequences.ts";

describe("readSequences", () => {
  it("separates the held-out partition, calibration and training, with each protein once", async () => {
    const atlas = await writeAtlas();
    const splits = await readSequences(atlas.path);
    const other = await readSequences(atlas.path, { testPartition: 0, calibrationPartition: 1 });
    await atlas.remove();
    const partitionsOf = (split: "test" | "calibration") =>
      new Set(other.get(split)!.map(({ partition }) => partition));
    expect([partitionsOf("test"), partitionsOf("calibration")]).toEqual([new Set([0]), new Set([1])]);
    expect(splits.get("train")).toHaveLength(12 + 36);
    expect(splits.get("calibration")).toHaveLength(12);
    expect(splits.get("test")).toHaveLength(12);
    const ids = [...splits.values()].flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("readTrainingSequences", () => {
  it("gives the training proteins, and some human ones of the calibration partition, the same for a seed", async () => {
    const atlas = await writeAtlas();
    const choose = (seed: number) => readTrainingSequences(atlas.path, { validationCount: 5, seed });
    const [first, again, other] = [await choose(1), await choose(1), await choose(2)];
    await atlas.remove();
    expect(first.training).toHaveLength(12 + 36);
    expect(first.validation).toHaveLength(5);
    expect(first.validation.every(({ isHuman, partition }) => isHuman && partition === 3)).toBe(true);
    expect(again).toEqual(first);
    expect(other.validation).not.toEqual(first.validation);
  });

  it("refuses an atlas without a protein for training", async () => {
    const heldOut = { ...localisationRow, partition: "4.0" };
    const atlas = await writeAtlas({ proteins: [], localisation: [heldOut] });
    const read = readTrainingSequences(atlas.path, { validationCount: 5, seed: 1 });
    await expect(read).rejects.toThrow(/no protein of proteins\.csv or localisation\.csv is for training/);
    await atlas.remove();
  });
});
