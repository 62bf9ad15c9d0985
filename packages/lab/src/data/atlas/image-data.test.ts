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
});
