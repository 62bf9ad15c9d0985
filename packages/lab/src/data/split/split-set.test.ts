import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, writeCsv } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { randomSequence } from "../../testing/atlas-fixture.ts";
import { writeCytoselfFiles } from "../../testing/cytoself-fixture.ts";
import { readImageData } from "../atlas/image-data.ts";
import { readSequences } from "../atlas/sequences.ts";
import { readDescription } from "../dataset/description.ts";
import { importCytoself } from "../import/import-cytoself.ts";
import { findLeaks, refuseLeaks, splitDataSet, useSplit } from "./split-set.ts";

let folder: string;
let set: string;
const idle = { signal: new AbortController().signal };
const proteinCount = 12;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "split-"));
  set = join(folder, "set");
  const shape = { crops: 240, files: 1, side: 16, proteins: proteinCount, cropsPerField: 4 };
  await writeCytoselfFiles(join(folder, "files"), shape);
  const request = { pixelSizeMicrons: 0.4126, source: "opencell", licence: "CC0", madeBy: "test", seed: 0 };
  await importCytoself({ folder: join(folder, "files"), output: set, ...request }, idle);
  // Proteins 0, 1 and 2 are one family.
  const rows = readCsv(await readFile(join(set, "proteins.csv")));
  const ancestor = randomSequence(1, 200);
  const sequences = rows.map((_, at) =>
    at < 3 ? `${ancestor.slice(0, 170)}${randomSequence(50 + at, 30)}` : randomSequence(100 + at, 200),
  );
  await writeFile(
    join(set, "proteins.csv"),
    writeCsv(
      rows.map((row, at) => ({ ...row, sequence: sequences[at]! })),
      Object.keys(rows[0]!),
    ),
  );
});
afterEach(() => rm(folder, { recursive: true }));

const table = async () => readCsv(await readFile(join(set, "splits.csv")));

describe("splitDataSet", () => {
  it("keeps a family in one split, writes the columns and makes the last one used", async () => {
    const [, report] = await splitDataSet(
      { folder: set, presets: ["train_proteins", "standard"], seed: 3 },
      idle,
    );
    expect(report).toMatchObject({ split: "standard", clusters: 10, withoutSequence: [] });
    const rows = await table();
    expect(Object.keys(rows[0]!)).toEqual([
      "kind",
      "id",
      "cluster",
      "all_proteins",
      "train_proteins",
      "standard",
    ]);
    const words = ["ENSG0", "ENSG1", "ENSG2"].map((id) => rows.find((row) => row.id === id)!.standard);
    expect(new Set(words).size).toBe(1);
    expect((await readDescription(set)).split).toBe("standard");
    expect(await findLeaks(set, idle)).toEqual([]);
    const { training, proteins } = await readImageData(set);
    const trained = new Set(proteins.map(({ id }) => id));
    for (const { uniprot } of training) expect(trained).toContain(uniprot);
    const splits = await readSequences(set);
    expect([...splits.keys()].sort()).toEqual(["calibration", "test", "train"]);
  });

  it("gives the same columns for the same seed, and leaves the others", async () => {
    await splitDataSet({ folder: set, presets: ["standard"], seed: 3 }, idle);
    const before = await table();
    await splitDataSet({ folder: set, presets: ["below_50_identity"], seed: 4 }, idle);
    await splitDataSet({ folder: set, presets: ["standard"], seed: 3 }, idle);
    for (const [at, row] of (await table()).entries()) {
      expect(row.standard).toBe(before[at]!.standard);
      expect(row.below_50_identity).not.toBe("");
    }
    expect((await readDescription(set)).tables.splits!.source).toBe(
      "all_proteins, seed 0; below_50_identity, seed 4, identity 0.5; standard, seed 3, identity 0.5",
    );
  });

  it("fails loudly where a split of other hands leaks", async () => {
    await splitDataSet({ folder: set, presets: ["standard"], seed: 3 }, idle);
    const rows = (await table()).map((row) => {
      if (row.kind === "field") return row;
      return { ...row, standard: row.id === "ENSG1" ? "test" : "train" };
    });
    await writeFile(join(set, "splits.csv"), writeCsv(rows, Object.keys(rows[0]!)));
    const leaks = await findLeaks(set, idle);
    expect(leaks.map(({ heldOut, trained }) => [heldOut, trained])).toEqual([
      ["ENSG1", "ENSG0"],
      ["ENSG1", "ENSG2"],
    ]);
    expect(() => refuseLeaks(leaks, "standard")).toThrow(
      /split standard leaks: 2 pairs; ENSG1 is held out, ENSG0 is trained on, \d+ % of the aligned residues/,
    );
    expect(await findLeaks(set, { ...idle, identity: 0.999 })).toEqual([]);
  });

  it("says which proteins have no sequence, and that each stands alone", async () => {
    const path = join(set, "proteins.csv");
    const rows = readCsv(await readFile(path)).map((row) => ({ ...row, sequence: "" }));
    await writeFile(path, writeCsv(rows, Object.keys(rows[0]!)));
    const [report] = await splitDataSet({ folder: set, presets: ["standard"], seed: 3 }, idle);
    expect(report!.withoutSequence).toHaveLength(proteinCount);
    expect(report!.clusters).toBe(proteinCount);
  });

  it("refuses a split that needs cell lines where there are none, and one that is not there", async () => {
    const cellLines = splitDataSet({ folder: set, presets: ["held_out_cell_line"], seed: 0 }, idle);
    await expect(cellLines).rejects.toThrow(/the field "field_0" has no cell_line/);
    await expect(useSplit(set, "standart")).rejects.toThrow(/no split "standart": it has all_proteins/);
    await useSplit(set, "all_proteins");
  });
});
