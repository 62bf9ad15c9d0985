import { afterEach, describe, expect, it } from "vitest";
import {
  type AtlasRows,
  cropRow,
  localisationRow,
  proteinRow,
  writeAtlas,
} from "../../testing/atlas-fixture.ts";
import { readCrops, readLocalisation, readProteins } from "./tables.ts";

let remove: (() => Promise<void>) | undefined;
afterEach(async () => {
  await remove?.();
  remove = undefined;
});

async function atlas(rows: AtlasRows): Promise<string> {
  const written = await writeAtlas(rows);
  remove = written.remove;
  return written.path;
}

describe("readCrops", () => {
  it("reads each row, its compartments with their shares", async () => {
    const blend = { ...cropRow, index: 7, synthetic_mix: 1, compartments: "cytoplasm:0.25;nucleoplasm:0.75" };
    const { crops } = await readCrops(await atlas({ crops: [{ ...cropRow, uniprot: "P1" }, blend] }));
    expect(crops).toHaveLength(2);
    expect(crops[0]).toMatchObject({
      index: 0,
      uniprot: "P1",
      gene: undefined,
      isBlend: false,
      quality: 0.9,
    });
    expect(crops[1]).toMatchObject({ index: 7, isBlend: true, fieldOfView: "field0", split: "train" });
    expect(crops[1]!.labels).toEqual([
      { name: "cytoplasm", weight: 0.25 },
      { name: "nucleoplasm", weight: 0.75 },
    ]);
  });

  it("drops and counts crops that stand in two splits", async () => {
    const rows = [cropRow, { ...cropRow, index: 1, exclude: 1 }, { ...cropRow, index: 2, exclude: 1 }];
    const { crops, excludedCount } = await readCrops(await atlas({ crops: rows }));
    expect(crops.map(({ index }) => index)).toEqual([0]);
    expect(excludedCount).toBe(2);
  });

  it.each([
    ["quality", "good", /crops\.csv, column quality: "good" is not a number \(line 3\)/],
    ["quality", "", /column quality: "" is not a number/],
    ["quality", "1.5", /column quality: "1\.5" is not between 0 and 1/],
    ["index", "-1", /column index: "-1" is not a whole number/],
    ["exclude", "yes", /column exclude: "yes" is neither 0 nor 1/],
    ["split_image", "dev", /column split_image: "dev" is none of train, val, test/],
    ["compartments", "", /column compartments: "" is empty/],
    ["compartments", "ER:much", /column compartments: "ER:much" has a part "ER:much"/],
  ])("names file, line and column where %s is %j", async (column, cell, message) => {
    const path = await atlas({ crops: [cropRow, { ...cropRow, [column]: cell }] });
    await expect(readCrops(path)).rejects.toThrow(message);
    await expect(readCrops(path)).rejects.toMatchObject({ name: "FormatError" });
  });

  it("names the file that is not there", async () => {
    await expect(readCrops("no-such-folder")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("readProteins", () => {
  it("reads partitions as pandas writes them, and nothing where there is none", async () => {
    const rows = [
      { ...proteinRow, homology_partition: "4.0" },
      { ...proteinRow, id: "OC_2", homology_partition: "", cluster: "", leak_of: "OC_P0;OC_P9" },
    ];
    const [first, second] = await readProteins(await atlas({ proteins: rows }));
    expect(first).toMatchObject({ partition: 4, cluster: "0", split: "train", isHuman: true, leakOf: [] });
    expect(second).toMatchObject({ partition: undefined, cluster: undefined, leakOf: ["OC_P0", "OC_P9"] });
    expect(first!.labels).toEqual([{ name: "nucleoplasm", weight: 3 }]);
  });

  it("accepts a protein without label and refuses one without sequence", async () => {
    const unlabelled = await atlas({ proteins: [{ ...proteinRow, compartments: "" }] });
    expect((await readProteins(unlabelled))[0]!.labels).toEqual([]);
    await remove?.();
    const path = await atlas({ proteins: [{ ...proteinRow, sequence: "mk*" }] });
    await expect(readProteins(path)).rejects.toThrow(/column sequence: "mk\*" is not a sequence of residues/);
  });
});

describe("readLocalisation", () => {
  it("gives labels without grade the weight 1 and knows kingdoms apart from humans", async () => {
    const rows = [
      { ...localisationRow, compartments: "ER;Golgi", human: "False", same_opencell_id: "OC_P1" },
    ];
    const [row] = await readLocalisation(await atlas({ localisation: rows }));
    expect(row).toMatchObject({ id: "Q0", uniprot: "Q0", isHuman: false, partition: 0, sameAs: "OC_P1" });
    expect(row!.labels).toEqual([
      { name: "ER", weight: 1 },
      { name: "Golgi", weight: 1 },
    ]);
  });

  it("takes only Swiss-Prot's accessions for UniProt's", async () => {
    const rows = [{ ...localisationRow, accession: "ENSP1", source: "deeploc2-hpa-test", partition: "" }];
    const [row] = await readLocalisation(await atlas({ localisation: rows }));
    expect(row).toMatchObject({ id: "ENSP1", uniprot: undefined, partition: undefined });
  });
});
