import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cropRow, localisationRow, proteinRow, writeAtlas } from "../../testing/atlas-fixture.ts";
import { readImageData } from "./image-data.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  atlas = await writeAtlas();
});
afterAll(() => atlas.remove());

describe("readImageData", () => {
  it("separates the crops of training and of validation, and gives the proteins of training", async () => {
    const { training, validation, proteins } = await readImageData(atlas.path);
    expect(training).toHaveLength(16);
    expect(validation).toHaveLength(8);
    expect(proteins).toHaveLength(12);
  });

  it("leaves held-out proteins, their images, and blends to validate on out", async () => {
    const row = (index: number, changes: object) => ({ ...cropRow, index, ...changes });
    const held = await writeAtlas({
      crops: [
        row(0, { uniprot: "P0" }),
        row(1, { uniprot: "P1" }),
        row(2, { uniprot: "P1", split_image: "val" }),
        row(3, { split_image: "val", synthetic_mix: 1 }),
        row(4, { split_image: "val" }),
      ],
      proteins: [
        proteinRow,
        { ...proteinRow, id: "OC_P1", ensg: "E1", uniprot: "P1", cluster: 1, sequence: "MA" },
      ],
      localisation: [{ ...localisationRow, accession: "P1", partition: "4.0", sequence: "MA" }],
    });
    const { training, validation, proteins } = await readImageData(held.path);
    await held.remove();
    expect(training.map(({ index }) => index)).toEqual([0]);
    expect(validation.map(({ index }) => index)).toEqual([4]);
    expect(proteins.map(({ uniprot }) => uniprot)).toEqual(["P0"]);
  });

  it("gives the crops of calibration proteins as unseen ones, never those of the test partition", async () => {
    const row = (index: number, uniprot: string, changes = {}) => ({
      ...cropRow,
      index,
      uniprot,
      ...changes,
    });
    const one = (name: string, partition: string) => ({
      ...{ ...proteinRow, id: name, uniprot: name, ensg: name, cluster: name, homology_partition: partition },
      sequence: `M${name.replace(/\d/g, "A")}${"ACDEF"[Number(partition)]}`,
    });
    const split = await writeAtlas({
      crops: [row(0, "P0"), row(1, "P3"), row(2, "P4"), row(3, "P3", { synthetic_mix: 1 })],
      proteins: [one("P0", "0"), one("P3", "3"), one("P4", "4")],
      localisation: [localisationRow],
    });
    const { unseen, unseenProteins, training } = await readImageData(split.path);
    await split.remove();
    expect(unseen.map(({ index }) => index)).toEqual([1]);
    expect(unseenProteins.map(({ id }) => id)).toEqual(["P3"]);
    expect(training.map(({ index }) => index)).toEqual([0]);
  });

  it("learns from a fraction of the proteins, and a smaller one is a part of a larger", async () => {
    const proteins = Array.from({ length: 60 }, (_, i) => ({
      ...{ ...proteinRow, id: `P${i}`, uniprot: `P${i}`, ensg: `E${i}`, cluster: i },
      sequence: `MA${"C".repeat(i)}`,
    }));
    const crops = proteins.map(({ uniprot }, index) => ({ ...cropRow, index, uniprot }));
    const many = await writeAtlas({ crops, proteins, localisation: [localisationRow] });
    const read = async (proteinFraction: number) => readImageData(many.path, { proteinFraction, seed: 1 });
    const [quarter, half, all] = [await read(0.25), await read(0.5), await read(1)];
    await many.remove();
    expect(all.proteins).toHaveLength(60);
    for (const [found, low, high] of [
      [quarter, 5, 25],
      [half, 18, 42],
    ] as const) {
      expect(found.proteins.length).toBeGreaterThan(low);
      expect(found.proteins.length).toBeLessThan(high);
      expect(found.training.map(({ uniprot }) => uniprot)).toEqual(
        found.proteins.map(({ uniprot }) => uniprot),
      );
    }
    const ids = new Set(half.proteins.map(({ id }) => id));
    expect(quarter.proteins.every(({ id }) => ids.has(id))).toBe(true);
  });
});
