import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, startParquet, writeNpy } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCropPixels } from "../atlas/crop-pixels.ts";
import { readCrops, readLocalisation, readProteins } from "../atlas/tables.ts";
import {
  type DataSetDescription,
  describeSet,
  isDataSet,
  readDescription,
  updateDescription,
} from "./description.ts";

let folder: string;
const table = (file: string) => ({ file, source: "test" });
const description: DataSetDescription = {
  ...{ name: "own", madeBy: "hand", source: "own images", licence: "CC0", pixelSizeMicrons: 0.2 },
  ...{ channels: ["nucleus", "nuclear_mask", "protein", "er"], normalisation: "none", crops: "crops.npy" },
  tables: { crops: table("crops.csv"), proteins: table("proteins.csv"), splits: table("splits.csv") },
  split: "standard",
};
const put = (name: string, text: string | Uint8Array) => writeFile(join(folder, name), text);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dataset-"));
  await put("dataset.json", describeSet(description));
  await put(
    "crops.csv",
    "index,field,protein,compartments,exclude\n1,f1,P,,\n0,f2,P,Golgi:1,\n2,f3,,,blurred\n3,f4,,,\n",
  );
  await put(
    "proteins.csv",
    "protein,gene,uniprot,compartments,sequence\nP,FBL,P22087,nucleolus:3;cytoplasm:1,MKT\nQ,ABC,,,MAA\nR,DEF,,,\n",
  );
  await put(
    "splits.csv",
    "kind,id,standard\nprotein,P,train\nprotein,Q,val\nfield,f1,train\nfield,f2,val\nfield,f3,test\nfield,f4,unused\n",
  );
  const data = Uint16Array.from({ length: 4 * 4 * 4 }, (_, at) =>
    Math.floor(at / 4) % 4 === 1 ? (at % 4 < 2 ? 65535 : 0) : 1000 * at,
  );
  await put("crops.npy", writeNpy({ dtype: "uint16", shape: [4, 4, 2, 2], data }));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the records of a data set", () => {
  it("are crops with what field, protein and dataset.json say", async () => {
    const { crops, excludedCount } = await readCrops(folder);
    expect(excludedCount).toBe(2); // one by its row, one by the split
    expect(crops).toEqual([
      {
        ...{ index: 1, source: "own images", gene: "FBL", uniprot: "P22087", primary: "nucleolus" },
        labels: [
          { name: "nucleolus", weight: 3 },
          { name: "cytoplasm", weight: 1 },
        ],
        ...{ cellLine: undefined, fieldOfView: "f1", isBlend: false, split: "train", quality: 1 },
        ...{ labelConsistency: 1, hasDnaStain: true, licence: "CC0" },
      },
      expect.objectContaining({ index: 0, primary: "Golgi", split: "val" }),
    ]);
  });

  it("are proteins that have a sequence, with the split of the table", async () => {
    const proteins = await readProteins(folder);
    expect(proteins.map(({ id, uniprot, assigned }) => [id, uniprot, assigned])).toEqual([
      ["P", "P22087", "train"],
      ["Q", "Q", "calibration"],
    ]);
    expect(await readLocalisation(folder)).toEqual([]);
  });

  it("are the same from Parquet", async () => {
    const { crops } = await readCrops(folder);
    for (const name of ["crops", "proteins"] as const) {
      const rows = readCsv(await readFile(join(folder, `${name}.csv`)));
      const columns = Object.keys(rows[0]!);
      const pieces: Uint8Array[] = [];
      const written = await startParquet(
        columns.map((column) => ({ name: column, type: column === "index" ? "int32" : "string" })),
        async (bytes) => void pieces.push(bytes),
      );
      await written.write(
        rows.map((row) =>
          columns.map((column) => (column === "index" ? Number(row[column]) : row[column]! || null)),
        ),
      );
      await written.finish();
      await put(`${name}.parquet`, Buffer.concat(pieces));
    }
    await updateDescription(folder, (before) => ({
      ...before,
      tables: { ...before.tables, crops: table("crops.parquet"), proteins: table("proteins.parquet") },
    }));
    expect((await readCrops(folder)).crops).toEqual(crops);
  });

  it("have pixels by the names of the channels, in whatever order, of 16 bits as well", async () => {
    const pixels = await openCropPixels(folder);
    const { data } = await pixels.read(1);
    const stored = (channel: number) =>
      Array.from({ length: 4 }, (_, at) => Math.fround((1000 * (16 + 4 * channel + at)) / 65535));
    expect([...data.subarray(0, 4)]).toEqual(stored(2));
    expect([...data.subarray(4, 8)]).toEqual(stored(0));
    expect([...data.subarray(8)]).toEqual([1, 1, -1, -1]);
    await expect(pixels.read(4)).rejects.toThrow(/there is no crop 4: crops\.npy holds 4/);
  });

  it.each([
    [
      "crops.csv",
      "index,field,protein\n0,f1,X\n",
      /crops\.csv, row 2, column protein: "X" is not in proteins\.csv/,
    ],
    [
      "crops.csv",
      "index,field,protein\n0,f9,P\n",
      /crops\.csv, row 2, column field: "f9" has no split in splits\.csv/,
    ],
    [
      "crops.csv",
      "index,field,protein,quality\n0,f1,P,9\n",
      /crops\.csv, row 2, column quality: "9" is not between 0 and 1/,
    ],
    ["crops.csv", "index,protein\n0,P\n", /crops\.csv lacks the column field/],
    [
      "proteins.csv",
      "protein,gene\nP,a\nP,b\n",
      /proteins\.csv, row 3, column protein: "P" stands there twice/,
    ],
    ["splits.csv", "kind,id,standard\nfield,f1,calibration\n", /a field cannot be calibration/],
    ["splits.csv", "kind,id,other\nfield,f1,train\n", /splits\.csv lacks the column standard/],
  ])("are refused where %s is wrong: %j", async (file, text, message) => {
    await put(file, text);
    await expect(readCrops(folder)).rejects.toThrow(message);
  });

  it("leave out the crops of a held-out protein without a sequence", async () => {
    const before = await readCrops(folder);
    await put(
      "splits.csv",
      "kind,id,standard\nprotein,R,test\nfield,f1,train\nfield,f2,val\nfield,f3,test\nfield,f4,train\n",
    );
    await put("crops.csv", "index,field,protein\n0,f1,P\n1,f1,R\n");
    const { crops, excludedCount } = await readCrops(folder);
    expect(before.crops).toHaveLength(2);
    expect([crops.map(({ index }) => index), excludedCount]).toEqual([[0], 1]);
  });

  it("need a split", async () => {
    await updateDescription(folder, ({ split: _, ...before }) => before);
    await expect(readCrops(folder)).rejects.toThrow(
      /names no split; make a split with `proteoscope data split`/,
    );
  });
});

describe("dataset.json", () => {
  it("comes back as it was written", async () => {
    expect(await readDescription(folder)).toEqual({ ...description, nucleusFields: undefined });
    expect(await isDataSet(folder)).toBe(true);
    expect(await isDataSet(join(folder, "elsewhere"))).toBe(false);
  });

  it.each([
    ['"version": 1', '"version": 2', /version: is not 1/],
    ['"nucleus",', '"nuclei",', /channels: lacks nucleus or nuclear_mask/],
    ['"er"', '"protein"', /channels: names a channel twice/],
    ['"crops.npy"', '"../crops.npy"', /crops: is no name of a file of the folder/],
    ['"pixel_size_microns": 0.2', '"pixel_size_microns": 0', /pixel_size_microns:/],
    ['"licence"', '"license"', /license|licence/],
    ["{", "[", /dataset\.json/],
  ])("is refused with %s as %s", async (from, to, message) => {
    await put("dataset.json", describeSet(description).replace(from, to));
    await expect(readDescription(folder)).rejects.toThrow(message);
  });
});
