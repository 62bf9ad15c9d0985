import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, writeNpy } from "@proteoscope/formats";
import { nuclearDistance } from "@proteoscope/imaging";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { drawCell, writeCytoselfFiles } from "../../testing/cytoself-fixture.ts";
import { openCropPixels } from "../atlas/crop-pixels.ts";
import { readImageData } from "../atlas/image-data.ts";
import { readCrops, readProteins } from "../atlas/tables.ts";
import { openCropStore } from "../dataset/pixels.ts";
import { type CytoselfImport, importCytoself } from "./import-cytoself.ts";

let folder: string;
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cytoself-"));
  source = join(folder, "files");
});
afterEach(() => rm(folder, { recursive: true }));

const side = 16;
const path = (name: string) => join(folder, name);
const idle = new AbortController().signal;

function request(changes: Partial<CytoselfImport> = {}): CytoselfImport {
  return {
    ...{ folder: source, output: path("set"), pixelSizeMicrons: 0.4126, source: "opencell", licence: "CC0" },
    ...{ madeBy: "test", seed: 0, checkpointCrops: 64 },
    ...changes,
  };
}

/** All files of a folder by name. */
async function contentOf(name: string): Promise<Map<string, Buffer>> {
  const names = (await readdir(path(name))).sort();
  return new Map(
    await Promise.all(names.map(async (file) => [file, await readFile(join(path(name), file))] as const)),
  );
}

/** Writes values over those of an image file, from a crop and a channel on. */
async function spoil(file: string, crop: number, channel: number, values: readonly number[]): Promise<void> {
  const handle = await open(join(source, file), "r+");
  for (const [pixel, value] of values.entries()) {
    const at = 128 + 4 * (4 * (crop * side * side + pixel) + channel);
    await handle.write(new Uint8Array(Float32Array.of(value).buffer), 0, 4, at);
  }
  await handle.close();
}

describe("importCytoself", () => {
  it("gives trainers the crops, the distance and the labels of the files", async () => {
    await writeCytoselfFiles(source, { crops: 150, files: 2, side, proteins: 2 });
    const report = await importCytoself(request(), { signal: idle });
    expect(report).toMatchObject({ crops: 150, refused: 0, warnings: [], bytes: 150 * side * side * 16 });
    const { crops } = await readCrops(path("set"));
    expect(crops).toHaveLength(150);
    expect(crops[8]).toMatchObject({
      index: 8,
      gene: "GENE1",
      uniprot: "ENSG1",
      fieldOfView: "field_1",
      source: "opencell",
    });
    expect(crops[8]!.labels).toEqual([
      { name: "cytoplasm", weight: 3 },
      { name: "ER", weight: 3 },
    ]);
    const pixels = await openCropPixels(path("set"));
    const { data } = await pixels.read(130);
    const cell = drawCell(true, 130 % 16, side); // protein 0 is nuclear
    const plane = side * side;
    for (let pixel = 24; pixel < plane; pixel++) {
      expect(data[pixel]).toBeCloseTo(cell[4 * pixel]!, 2);
      expect(data[plane + pixel]).toBeCloseTo(cell[4 * pixel + 1]!, 2);
      expect(data[2 * plane + pixel]).toBeCloseTo(cell[4 * pixel + 2]!, 5);
    }
    const { training, validation } = await readImageData(path("set"));
    expect(training.length).toBeGreaterThan(validation.length);
    expect(validation.length).toBeGreaterThan(0);
    const fields = new Set(training.map(({ fieldOfView }) => fieldOfView));
    expect(validation.filter(({ fieldOfView }) => fields.has(fieldOfView))).toEqual([]);
    expect(await readProteins(path("set"))).toEqual([]); // no sequences yet
  });

  it("lists what it refuses by file, row and channel, and imports the rest", async () => {
    await writeCytoselfFiles(source, { crops: 20, files: 2, side });
    await spoil("Image_data00.npy", 3, 0, [0.5, Number.NaN]);
    await spoil("Image_data01.npy", 0, 1, [7]);
    await spoil(
      "Image_data01.npy",
      4,
      2,
      Array.from({ length: side * side }, () => 3),
    );
    const labels = join(source, "Label_data00.csv");
    await writeFile(labels, (await readFile(labels, "utf8")).replace(/field_0\n/, "\n"));
    const { crops, refused } = await importCytoself(request(), { signal: idle });
    expect({ crops, refused }).toEqual({ crops: 16, refused: 4 });
    expect(readCsv(await readFile(join(path("set"), "refused.csv")))).toEqual([
      { file: "Label_data00.csv", row: "1", column: "FOV_id", reason: "is empty" },
      { file: "Image_data00", row: "4", column: "protein", reason: "is NaN at pixel 1, not between 0 and 1" },
      { file: "Image_data01", row: "1", column: "nucleus", reason: "is 7 at pixel 0, not between 0 and 1" },
      expect.objectContaining({ file: "Image_data01", row: "5", column: "nuclear distance" }),
    ]);
    expect((await openCropStore(path("set"))).count).toBe(16);
    const strict = importCytoself(request({ output: path("strict"), isStrict: true }), { signal: idle });
    await expect(strict).rejects.toThrow(/Label_data00\.csv, row 1: FOV_id is empty/);
  });

  it.each([
    [
      "other rows than crops",
      "Label_data01.csv",
      "ensg,name,loc_grade1,loc_grade2,loc_grade3,protein_id,FOV_id\n",
      /has 0 rows, Image_data01 has 5 crops/,
    ],
    ["a column too few", "Label_data01.csv", "ensg,name\n", /Label_data01\.csv lacks the column loc_grade1/],
    [
      "another dtype",
      "Image_data01.npy",
      writeNpy({ dtype: "uint8", shape: [1, 1, 1, 4], data: new Uint8Array(4) }),
      /Image_data01\.npy holds uint8 \[1,1,1,4\]/,
    ],
    [
      "crops of another size",
      "Image_data01.npy",
      writeNpy({ dtype: "float32", shape: [1, 1, 1, 4], data: new Float32Array(4) }),
      /crops of 1 x 1, Image_data00 of 16 x 16/,
    ],
    [
      "a file cut short",
      "Image_data01.npy",
      writeNpy({ dtype: "float32", shape: [1, 1, 1, 4], data: new Float32Array(4) }).subarray(0, 130),
      /Image_data01\.npy: float32 \[1,1,1,4\] needs 16 bytes/,
    ],
    ["images without labels", "Image_data07.npy", new Uint8Array(3), /Image_data07\.npy have no Label_data/],
  ])("refuses %s before anything is written", async (_, file, content, message) => {
    await writeCytoselfFiles(source, { crops: 10, files: 2, side });
    await writeFile(join(source, file), content);
    await expect(importCytoself(request(), { signal: idle })).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(["files"]);
  });

  it("reads quadruples per protein, with labels as NumPy texts", async () => {
    const { mkdir } = await import("node:fs/promises");
    await mkdir(source);
    const cells = [0, 1, 2].map((seed) => drawCell(true, seed, side));
    const channel = (at: number) =>
      writeNpy({
        ...{ dtype: "float32", shape: [3, side, side] },
        data: Float32Array.from(cells.flatMap((cell) => [...cell].filter((_, index) => index % 4 === at))),
      });
    for (const [at, name] of ["pro", "nuc", "nucdist"].entries())
      await writeFile(join(source, `FBL_${name}.npy`), channel(at));
    const row = (field: string) => ["ENSG1", "FBL", "", "chromatin", "nucleolus_gc", "5", field];
    await writeFile(join(source, "FBL_label.npy"), textNpy([row("a"), row("a"), row("b")]));
    expect(await importCytoself(request(), { signal: idle })).toMatchObject({ crops: 3, refused: 0 });
    const { crops } = await readCrops(path("set"));
    expect(crops.map(({ gene, fieldOfView, primary }) => [gene, fieldOfView, primary])).toEqual([
      ["FBL", "a", "nucleolus"],
      ["FBL", "a", "nucleolus"],
      ["FBL", "b", "nucleolus"],
    ]);
    const { data } = await (await openCropPixels(path("set"))).read(2);
    const mask = Uint8Array.from({ length: side * side }, (_, pixel) => cells[2]![4 * pixel + 3]!);
    expect(data.subarray(2 * side * side)).toEqual(nuclearDistance(mask, { height: side, width: side }));
  });

  it("goes on after an interrupt, removes what it has imported, and ends with the same bytes", async () => {
    await writeCytoselfFiles(source, { crops: 600, files: 3, side });
    await importCytoself(request({ output: path("whole") }), { signal: idle });
    for (const stopAfter of [1, 3, 2]) {
      const controller = new AbortController();
      let batches = 0;
      const onProgress = () => {
        if (++batches === stopAfter) controller.abort();
      };
      const run = importCytoself(request({ deleteSource: true }), { signal: controller.signal, onProgress });
      await expect(run).rejects.toThrow(/abort/i);
      await expect(readCrops(path("set"))).rejects.toThrow(); // it is no data set yet
    }
    expect(await readdir(source)).not.toContain("Image_data00.npy");
    const other = importCytoself(request({ deleteSource: true, licence: "MIT" }), { signal: idle });
    await expect(other).rejects.toThrow(/unfinished import of other settings/);
    await importCytoself(request({ deleteSource: true }), { signal: idle });
    expect(await readdir(source)).toEqual(["sequences.fasta"]);
    expect(await contentOf("set")).toEqual(await contentOf("whole"));
  });

  it("warns of words that are no place, and of rows that differ", async () => {
    await writeCytoselfFiles(source, { crops: 40, files: 1, side });
    const labels = join(source, "Label_data00.csv");
    const text = await readFile(labels, "utf8");
    await writeFile(
      labels,
      text.replace("nucleoplasm", "nucleoplasm;nowhere").replaceAll("field_1\n", "field_0\n"),
    );
    const { warnings } = await importCytoself(request(), { signal: idle });
    expect(warnings).toEqual([
      expect.stringMatching(/protein ENSG0 has different/),
      expect.stringMatching(/field field_0 shows ENSG0 and ENSG1/),
      '"nowhere" is no known place; 1 proteins go without it',
    ]);
  });
});

/** An array of texts as NumPy writes it, <U16. */
function textNpy(rows: readonly (readonly string[])[]): Uint8Array {
  const header = `{'descr': '<U16', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0]!.length}), }`;
  const padded = `${header.padEnd(117)}\n`;
  const codes = rows
    .flat()
    .flatMap((text) => Array.from({ length: 16 }, (_, at) => text.codePointAt(at) ?? 0));
  return Buffer.concat([
    Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0),
    Buffer.from(padded),
    new Uint8Array(Uint32Array.from(codes).buffer),
  ]);
}
