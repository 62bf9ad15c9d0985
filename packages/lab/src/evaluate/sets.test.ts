import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cropRow, localisationRow, proteinRow, writeAtlas } from "../testing/atlas-fixture.ts";
import { cropsOfProtein, type EvaluationData, readEvaluationData } from "./sets.ts";

describe("the data of an evaluation", () => {
  let atlas: Awaited<ReturnType<typeof writeAtlas>>;
  let data: EvaluationData;
  const openCell = (n: number, compartments: string, changes = {}) => ({
    ...proteinRow,
    ...{ id: `OC${n}`, ensg: `E${n}`, uniprot: `U${n}`, cluster: n, compartments },
    sequence: `MK${"ACDEFGHIKL"[n]}W`,
    ...changes,
  });
  const swissProt = (n: number, compartments: string, changes = {}) => ({
    ...localisationRow,
    ...{ accession: `Q${n}`, compartments, partition: "4.0", sequence: `MQ${"ACDEFGHIKL"[n]}Y` },
    ...changes,
  });
  const val = { split_protein: "val" };
  const crop = (index: number, changes = {}) => ({ ...cropRow, index, FOV_id: `f${index}`, ...changes });
  const of = (uniprot: string) => ({ uniprot, gene: uniprot });
  beforeAll(async () => {
    atlas = await writeAtlas({
      proteins: [
        openCell(0, "nucleolus:3", val),
        openCell(1, "nucleolus:3", val),
        openCell(2, "ER:3", val),
        openCell(3, "ER:3;Golgi:2", val),
        openCell(4, "Golgi:3"),
        openCell(5, "ER:2;Golgi:3", { homology_partition: "4" }),
        openCell(6, "ER:3", val),
      ],
      localisation: [
        swissProt(0, "ER"),
        swissProt(1, "nucleoplasm"),
        swissProt(2, "nucleoplasm"),
        swissProt(3, "ER", { human: "False" }),
        swissProt(4, "ER", { partition: "0.0" }),
        swissProt(5, "ER", { partition: "3.0" }),
        swissProt(6, "Golgi", { same_opencell_id: "OC5" }),
        swissProt(7, "nucleoplasm", { accession: "U0" }),
        swissProt(8, "ER"),
        swissProt(9, "ER"),
      ],
      crops: [
        crop(0),
        crop(1, { synthetic_mix: 1 }),
        crop(2, { split_image: "val" }),
        crop(3, { primary: "aggregates", compartments: "aggregates:1" }),
        crop(4, of("U0")),
        ...[5, 6, 7, 8, 9].map((index) => crop(index, of("U4"))),
        crop(10, of("U9")),
      ],
    });
    data = await readEvaluationData(atlas.path);
  });
  afterAll(() => atlas.remove());
  const ids = (set: keyof EvaluationData["proteins"]) =>
    data.proteins[set].map((one) => one.protein.id).sort();
  const indices = (crops: readonly { index: number }[]) => crops.map(({ index }) => index);

  it("has human proteins of one compartment, unseen and seen", () => {
    expect(ids("opencell")).toEqual(["OC0", "OC1", "OC2", "OC6"]);
    expect(ids("partition")).toHaveLength(4);
    expect(ids("partition").filter((id) => !["Q0", "Q1", "Q2", "Q8", "Q9"].includes(id))).toEqual([]);
    expect(ids("seen")).toEqual(["OC4", "Q4"]);
  });

  it("takes the classes in turns", () => {
    const classes = data.proteins.opencell.map(({ label }) => label.name);
    expect(classes.slice(0, 2).sort()).toEqual(["ER", "nucleolus"]);
    expect(classes.slice(2).sort()).toEqual(["ER", "nucleolus"]);
    const partition = data.proteins.partition.map(({ label }) => label.name);
    expect(partition.slice(0, 2).sort()).toEqual(["ER", "nucleus (any part)"]);
  });

  it("leaves out proteins of a class that would be most of the set", () => {
    // Three of the ER and two of the nucleus are there.
    const classes = data.proteins.partition.map(({ label }) => label.name);
    expect(classes.filter((name) => name === "ER")).toHaveLength(2);
    expect(classes.filter((name) => name !== "ER")).toHaveLength(2);
  });

  it("has an order that the seed gives", async () => {
    const order = async (seed: number) =>
      (await readEvaluationData(atlas.path, { seed })).proteins.partition.map((one) => one.protein.id);
    expect(await order(0)).toEqual(data.proteins.partition.map((one) => one.protein.id));
    const orders = new Set((await Promise.all([1, 2, 3, 4, 5].map(order))).map(String));
    expect(orders.size).toBeGreaterThan(1);
  });

  it("separates crops that were trained on from real ones that were not", () => {
    expect(indices(data.trainingCrops)).toEqual([0, 1, 3, 5, 6, 7, 8, 9, 10]);
    expect(indices(data.realCrops)).toEqual([0, 2, 4, 5, 6, 7, 8, 9, 10]);
    expect(indices(data.unseenCrops)).toEqual([2, 4]);
  });

  it("knows the proteins of some crops, and takes a few of each", () => {
    const known = data.knownCrops.map((one) => [one.protein.id, one.isSeen]);
    expect(known.filter(([id]) => id === "OC0")).toEqual([["OC0", false]]);
    expect(known.filter(([id]) => id === "OC4")).toEqual(new Array(cropsOfProtein).fill(["OC4", true]));
    expect(known).toHaveLength(1 + cropsOfProtein);
  });
});
