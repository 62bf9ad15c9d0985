import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeCytoselfFiles } from "../../testing/cytoself-fixture.ts";
import { updateDescription } from "../dataset/description.ts";
import { importCytoself } from "../import/import-cytoself.ts";
import { brighterInside } from "./check-pixels.ts";
import { checkDataSet } from "./check-set.ts";

let folder: string;
let set: string;
const side = 16;
const idle = new AbortController().signal;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "check-"));
  set = join(folder, "set");
  await writeCytoselfFiles(join(folder, "files"), { crops: 48, files: 1, side, proteins: 2 });
  const request = { pixelSizeMicrons: 0.4126, source: "opencell", licence: "CC0", madeBy: "test", seed: 0 };
  await importCytoself({ folder: join(folder, "files"), output: set, ...request }, { signal: idle });
});
afterEach(() => rm(folder, { recursive: true }));

const problems = async () =>
  (await checkDataSet(set, { signal: idle })).findings.filter(({ kind }) => kind === "problem");
const edit = async (file: string, change: (text: string) => string) =>
  writeFile(join(set, file), change(await readFile(join(set, file), "utf8")));

/** Writes bytes into the store, from a pixel of a crop's channel on. */
async function spoil(crop: number, channel: number, bytes: Uint8Array): Promise<void> {
  const file = await open(join(set, "crops.npy"), "r+");
  await file.write(bytes, 0, bytes.length, 128 + (3 * crop + channel) * side * side);
  await file.close();
}

describe("checkDataSet", () => {
  it("finds nothing wrong with a set that was imported, and says what it lacks", async () => {
    const report = await checkDataSet(set, { signal: idle });
    expect(report).toMatchObject({ crops: 48, fields: 6, proteins: 2 });
    expect(report.findings).toEqual([
      expect.objectContaining({ kind: "warning", file: "proteins.csv", column: "sequence" }),
    ]);
  });

  it.each<[string, string, (text: string) => string, Partial<Record<string, unknown>>]>([
    ["an index twice", "crops.csv", (text) => text.replace("\n3,", "\n2,"), { row: 5, column: "index" }],
    [
      "an index beyond the store",
      "crops.csv",
      (text) => text.replace("\n3,", "\n99,"),
      { row: 5, column: "index" },
    ],
    [
      "a field that is in no table",
      "crops.csv",
      (text) => text.replace("\n3,field_0", "\n3,nowhere"),
      { row: 5, column: "field" },
    ],
    [
      "a protein that is in no table",
      "crops.csv",
      (text) => text.replace("\n9,field_1,ENSG1", "\n9,field_1,ENSG7"),
      { row: 11, column: "protein" },
    ],
    [
      "a compartment that is none",
      "proteins.csv",
      (text) => text.replace("nucleoplasm:3", "nukleus:3"),
      { row: 2, column: "compartments" },
    ],
    [
      "a sequence that is none",
      "proteins.csv",
      (text) => text.replace(/""\n/, "MK*\n"),
      { row: 2, column: "sequence" },
    ],
    [
      "a split that is none",
      "splits.csv",
      (text) => text.replace("protein,ENSG0,train", "protein,ENSG0,tran"),
      { file: "splits.csv" },
    ],
    [
      "a protein without a split",
      "splits.csv",
      (text) => text.replace("protein,ENSG0,train\n", ""),
      { file: "splits.csv", message: expect.stringMatching(/ENSG0 has no row/) },
    ],
  ])("names file, row and column of %s", async (_, file, change, found) => {
    await edit(file, change);
    expect(await problems()).toContainEqual(expect.objectContaining({ file, ...found }));
  });

  it("lists all that is wrong in one go, and counts what is too much to list", async () => {
    await edit("crops.csv", (text) => text.replaceAll(/\n(\d+),field_\d+/g, "\n$1,nowhere"));
    await edit("proteins.csv", (text) => text.replaceAll("ENSG1,", "ENSG0,"));
    const found = await problems();
    expect(found.filter(({ column }) => column === "field")).toHaveLength(21);
    expect(found).toContainEqual(
      expect.objectContaining({ column: "field", message: "76 more of this sort" }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ file: "proteins.csv", row: 3, message: '"ENSG0" stands there twice' }),
    );
  });

  it("finds masks that are none, channels without content and crops that are there twice", async () => {
    await spoil(1, 2, Uint8Array.of(7));
    await spoil(2, 2, new Uint8Array(side * side));
    await spoil(3, 0, new Uint8Array(side * side).fill(9));
    const store = await readFile(join(set, "crops.npy"));
    const crop = 3 * side * side;
    await spoil(20, 0, store.subarray(128 + 4 * crop, 128 + 5 * crop));
    const { findings } = await checkDataSet(set, { signal: idle });
    expect(findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        "crop 1 holds 7, which is neither 0 nor 255",
        "crop 2 shows no nucleus",
        "crop 3 is 9 at every pixel",
        "crop 20 of field field_2 has the pixels of crop 4 of field field_0",
      ]),
    );
  });

  it("finds fields whose channels were swapped before they came", async () => {
    const store = await readFile(join(set, "crops.npy"));
    const plane = side * side;
    for (let crop = 8; crop < 16; crop++) {
      const at = 128 + 3 * crop * plane;
      await spoil(crop, 0, store.subarray(at + plane, at + 2 * plane));
      await spoil(crop, 1, store.subarray(at, at + plane));
    }
    expect(await problems()).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/field field_1: the channels nucleus and protein seem to be swapped/),
      }),
    ]);
  });

  it("reports a store that does not fit, and a description that is none", async () => {
    await updateDescription(set, (before) => ({ ...before, channels: ["nucleus", "nuclear_mask"] }));
    expect(await problems()).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/crops\.npy holds uint8 \[48,3,16,16\]/) }),
    ]);
    await writeFile(
      join(set, "crops.npy"),
      writeNpy({ dtype: "uint8", shape: [1, 2, 4, 4], data: new Uint8Array(32) }),
    );
    expect(await problems()).toContainEqual(expect.objectContaining({ file: "crops.csv", column: "index" }));
    await edit("dataset.json", (text) => text.replace('"version": 1', '"version": 9'));
    expect(await problems()).toEqual([
      expect.objectContaining({ file: "dataset.json", message: expect.stringMatching(/version: is not 1/) }),
    ]);
  });
});

describe("brighterInside", () => {
  it("is the share of pairs in which the inner pixel is brighter", () => {
    expect(brighterInside([0, 0, 4], [5, 1, 0])).toBe(1);
    expect(brighterInside([4, 0, 0], [0, 0, 3])).toBe(0);
    expect(brighterInside([1, 1], [1, 1])).toBe(0.5);
    expect(brighterInside([0, 0], [1, 1])).toBe(0.5);
  });
});
