import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCsv, writeNpy } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEvaluationData } from "../../evaluate/sets.ts";
import {
  cropRow,
  localisationRow,
  proteinRow,
  randomSequence,
  writeAtlas,
} from "../../testing/atlas-fixture.ts";
import { openCropPixels } from "../atlas/crop-pixels.ts";
import { readImageData } from "../atlas/image-data.ts";
import { readNucleusFields } from "../atlas/nucleus-fields.ts";
import { readSequences } from "../atlas/sequences.ts";
import { type Crop, readCrops } from "../atlas/tables.ts";
import { checkDataSet } from "../check/check-set.ts";
import { openCropStore } from "../dataset/pixels.ts";
import { importAtlas } from "./import-atlas.ts";

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>> | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-atlas-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await atlas?.remove();
  atlas = undefined;
});

const idle = { signal: new AbortController().signal };
async function importAll(path: string) {
  const request = { pixelSizeMicrons: 0.4126, licence: "per field", madeBy: "test" };
  const report = await importAtlas({ folder: path, output: join(folder, "set"), ...request }, idle);
  return { report, set: join(folder, "set") };
}

describe("importAtlas", () => {
  it("gives trainers and evaluations what they read of the atlas", async () => {
    const crops = Array.from({ length: 12 }, (_, index) => ({
      ...{ ...cropRow, index, gene: index < 4 ? `GENE${index}` : "", uniprot: index < 4 ? `P${index}` : "" },
      ...{ FOV_id: `f${index}`, split_image: index % 3 === 0 ? "val" : "train", cell_line: "HEK293T" },
      ...{ synthetic_mix: index === 5 ? 1 : 0, nucleus_kind: index === 6 ? "from_protein" : "real" },
      ...{
        exclude: index === 7 ? 1 : 0,
        ...(index === 8 && { gene: "WEE1" }),
        compartments: "cytoplasm:0.25;nucleoplasm:0.75",
      },
    }));
    const proteins = Array.from({ length: 8 }, (_, at) => ({
      ...{
        ...proteinRow,
        id: `OC_P${at}`,
        gene: `GENE${at}`,
        ensg: `ENSG${at}`,
        uniprot: `P${at}`,
        cluster: at,
      },
      ...{ sequence: randomSequence(at, 30), split_protein: at === 1 ? "test" : "train" },
    }));
    const localisation = Array.from({ length: 10 }, (_, at) => ({
      ...{
        ...localisationRow,
        accession: `Q${at}`,
        partition: `${at % 5}.0`,
        sequence: randomSequence(50 + at, 30),
      },
      ...{ leak_of: at === 3 ? "OC_P1" : "", human: at % 2 === 0 ? "True" : "False" },
    }));
    atlas = await writeAtlas({ crops, proteins, localisation });
    const { report, set } = await importAll(atlas.path);
    expect(report).toMatchObject({ crops: 12, proteins: 9, sequences: 10 }); // one protein with an image alone
    // A protein of crops alone is known by its row of the set.
    const named = (crops: readonly Crop[]) =>
      crops.map((crop) => (crop.gene === "WEE1" ? { ...crop, uniprot: "image_WEE1" } : crop));
    const inAtlas = await readCrops(atlas.path);
    expect(await readCrops(set)).toEqual({ ...inAtlas, crops: named(inAtlas.crops) });
    const [old, imported] = [await readImageData(atlas.path), await readImageData(set)];
    expect(imported.training).toEqual(named(old.training));
    expect(imported.validation).toEqual(named(old.validation));
    expect(imported.proteins.map(({ id }) => id)).toEqual(old.proteins.map(({ id }) => id));
    const idsOf = async (path: string) =>
      [...(await readSequences(path))].map(([split, members]) => [split, members.map(({ id }) => id)]);
    expect(await idsOf(set)).toEqual(await idsOf(atlas.path));
    expect(await readNucleusFields(set)).toEqual(await readNucleusFields(atlas.path));
    const [pixels, before] = [await openCropPixels(set), await openCropPixels(atlas.path)];
    for (let index = 0; index < 12; index++)
      expect(await pixels.read(index)).toEqual(await before.read(index));
    const evaluated = async (path: string) => {
      const { proteins, realCrops, unseenCrops, knownCrops } = await readEvaluationData(path);
      const ids = Object.values(proteins).map((list) => list.map(({ protein }) => protein.id));
      return {
        ids,
        real: named(realCrops),
        unseen: named(unseenCrops),
        known: knownCrops.map(({ crop, isSeen }) => [crop.index, isSeen]),
      };
    };
    expect(await evaluated(set)).toEqual(await evaluated(atlas.path));
  });

  it("joins cells of five stains to the crops, and keeps why cells are left out", async () => {
    atlas = await writeAtlas({ crops: [cropRow, { ...cropRow, index: 1 }] });
    const cell = {
      FOV_id: "cells",
      compartments: "Golgi:1",
      split_image: "train",
      source: "hpa",
      licence: "CC BY-SA",
    };
    const cells = [
      { ...cell, has_protein: 1, exclude_protein: 0, exclude_why: "" },
      { ...cell, has_protein: 0, exclude_protein: 1, exclude_why: "" },
      { ...cell, has_protein: 1, exclude_protein: 1, exclude_why: "blurred" },
    ];
    await writeFile(join(atlas.path, "cells.csv"), writeCsv(cells, Object.keys(cells[0]!)));
    const data = Uint8Array.from({ length: 3 * 16 * 16 * 5 }, (_, at) =>
      at % 5 === 2 ? 255 : 10 * (at % 5),
    );
    await writeFile(
      join(atlas.path, "cells_u8.npy"),
      writeNpy({ dtype: "uint8", shape: [3, 16, 16, 5], data }),
    );
    const { report, set } = await importAll(atlas.path);
    expect(report.channels).toEqual(["protein", "nucleus", "nuclear_mask", "microtubules", "er"]);
    const store = await openCropStore(set);
    const planes = await store.read(2);
    expect([0, 1, 2, 3, 4].map((at) => planes[at * 256])).toEqual([0, 10, 255, 30, 40]);
    expect((await store.read(0)).subarray(3 * 256).every((value) => value === 0)).toBe(true);
    expect(await readCrops(set)).toMatchObject({
      excludedCount: 2,
      crops: [{ index: 0 }, { index: 1 }, { index: 2, primary: "Golgi" }],
    });
    const { findings } = await checkDataSet(set, idle);
    expect(
      findings.filter(
        ({ kind, column }) => kind === "problem" && column !== "protein" && column !== "nucleus",
      ),
    ).toEqual([]);
  });

  it("refuses a folder without pixels, and a table of another length", async () => {
    await expect(importAll(folder)).rejects.toThrow(/has no crops_u8\.npy/);
    atlas = await writeAtlas();
    await writeFile(join(atlas.path, "crops.csv"), writeCsv([cropRow], Object.keys(cropRow)));
    await expect(importAll(atlas.path)).rejects.toThrow(/crops\.csv has 1 rows, crops_u8\.npy 24 crops/);
  });
});
