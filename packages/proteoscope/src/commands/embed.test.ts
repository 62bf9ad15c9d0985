import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { float16ToFloat32, readCsv, readNpy } from "@proteoscope/formats";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as zarr from "zarrita";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

const fasta = `>a first\nMKTAYIAK\n>b\nMKJT\n>c\n${"MKTAYIWWQRSTNDE".repeat(3)}\n`;
const width = 16;

let place: Workplace;
let path: string;
beforeAll(() => {
  place = createWorkplace();
  path = place.file("some.fasta", fasta);
});
afterAll(() => place.remove());

const embed = (output: string, ...words: readonly string[]) =>
  runWords(["embed", path, "--plm", place.model, "-o", join(place.path, output), ...words]);
const bytes = (name: string) => readFileSync(join(place.path, name));

async function readZarr(name: string) {
  const folder = join(place.path, name);
  const store = {
    async get(key: string) {
      const file = join(folder, key);
      return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
    },
  };
  const array = await zarr.open(zarr.root(store).resolve("embeddings"), { kind: "array" });
  return { array, values: await zarr.get(array) };
}

describe("embed", () => {
  it("writes means as npy with an index, and ends with code 3 where a record is refused", async () => {
    const { exitCode, stdout, stderr } = await embed("means.npy", "--json");
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /some\.fasta, line 4, b: .*"J" in column 3 .*\nproteoscope: 1 of 3 records refused\n$/,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ records: 3, refused: 1, shape: [2, width], dtype: "float32" },
      refusals: [{ id: "b", place: `${path}, line 4`, reason: expect.stringContaining('"J"') }],
    });
    const { shape, data } = readNpy(bytes("means.npy"));
    expect(shape).toEqual([2, width]);
    expect(new Set(data as Float32Array).size).toBe(2 * width);
    const index = readCsv(bytes("means.index.csv"));
    expect(index.map(({ id, line, first_row, rows }) => [id, line, first_row, rows])).toEqual([
      ["a", "1", "0", "1"],
      ["b", "4", "", ""],
      ["c", "5", "1", "1"],
    ]);
    expect(index[1]!.status).toMatch(/^refused: .*"J" in column 3/);
    const settings = JSON.parse(bytes("means.json").toString());
    expect(settings).toMatchObject({ model: "model/plm", pooling: "mean", windowResidues: 1022 });
    expect(settings.sha256["model.safetensors"]).toMatch(/^[0-9a-f]{64}$/);
    expect(existsSync(join(place.path, "means.npy.parts"))).toBe(false);
  });

  it("writes rows per residue as Zarr, whose means are the means", async () => {
    await embed("means.npy");
    const { exitCode, stdout } = await embed("rows.zarr", "--pooling", "residues");
    expect({ exitCode, stdout }).toEqual({
      exitCode: 3,
      stdout: expect.stringMatching(/rows\.zarr: float32 \[53, 16\], 2 proteins\n$/),
    });
    const { array, values } = await readZarr("rows.zarr");
    expect([array.shape, array.dtype]).toEqual([[53, width], "float32"]);
    const means = readNpy(bytes("means.npy")).data as Float32Array;
    const rows = values.data as Float32Array;
    for (let i = 0; i < width; i++) {
      const column = rows.slice(0, 8 * width).filter((_, at) => at % width === i);
      expect(column.reduce((sum, value) => sum + value, 0) / 8).toBeCloseTo(means[i]!, 5);
    }
    const group = JSON.parse(bytes("rows.zarr/zarr.json").toString());
    expect(group.attributes.proteoscope).toMatchObject({
      pooling: "residues",
      windows: expect.stringContaining("overlapping"),
    });
    expect(readCsv(bytes("rows.zarr/index.csv"))[2]).toMatchObject({ id: "c", first_row: "8", rows: "45" });
  });

  it("writes Parquet with a line per residue", async () => {
    await embed("rows.zarr", "--pooling", "residues");
    expect(await embed("rows.parquet", "--pooling", "residues")).toMatchObject({
      ...{ exitCode: 3, stderr: expect.stringContaining("some.fasta, line 4, b: ") },
    });
    const file = new Uint8Array(bytes("rows.parquet")).buffer;
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(53);
    expect(rows[9]).toMatchObject({ id: "c", residue: 2 });
    const { values } = await readZarr("rows.zarr");
    expect(rows[9]!.embedding).toEqual([...(values.data as Float32Array).slice(9 * width, 10 * width)]);
    expect(parquetMetadata(file).key_value_metadata![0]).toMatchObject({
      key: "proteoscope",
      value: expect.stringContaining('"windowResidues":1022'),
    });
  });

  it("writes half precision on request, and streamed layers the same numbers", async () => {
    await embed("whole.npy");
    await embed("half.npy", "--precision", "float16");
    await embed("streamed.npy", "--stream");
    const whole = readNpy(bytes("whole.npy")).data as Float32Array;
    const { dtype, data } = readNpy(bytes("half.npy"));
    expect(dtype).toBe("float16");
    const streamed = readNpy(bytes("streamed.npy")).data as Float32Array;
    for (const [i, value] of float16ToFloat32(data as Uint16Array).entries()) {
      expect(value).toBeCloseTo(whole[i]!, 2);
      expect(streamed[i]).toBeCloseTo(whole[i]!, 4);
    }
  });

  it("goes on where a run was killed, with the same bytes", async () => {
    const many = place.file(
      "many.fasta",
      Array.from({ length: 600 }, (_, index) => `>P${index}\nMKTAYIAK${"WYC".repeat(index % 7)}\n`).join(""),
    );
    const run = (output: string) =>
      runWords(["embed", many, "--plm", place.model, "-o", join(place.path, output)]);
    expect((await run("all.npy")).exitCode).toBe(0);
    // What a process leaves that is killed while it adds the second group: the first one, counted, and a part of the second.
    const first = place.file("first.fasta", readFileSync(many, "utf8").split("\n").slice(0, 512).join("\n"));
    const stage = join(place.path, "resumed.npy.parts");
    const copied = join(place.path, "copied");
    mkdirSync(copied);
    const zarrOf256 = ["embed", first, "--plm", place.model, "-o", join(place.path, "resumed.zarr")];
    expect((await runWords(zarrOf256)).exitCode).toBe(0);
    const values = (await readZarr("resumed.zarr")).values.data as Float32Array;
    const index = readFileSync(join(place.path, "resumed.zarr/index.csv"), "utf8").replaceAll(first, many);
    mkdirSync(stage);
    cpSync(join(place.path, "all.json"), join(stage, "settings.json"));
    writeFileSync(join(stage, "rows.bin"), values);
    writeFileSync(join(stage, "index.csv"), index);
    const counts = {
      records: 256,
      refused: 0,
      rows: 256,
      rowBytes: values.byteLength,
      indexBytes: Buffer.byteLength(index),
    };
    writeFileSync(join(stage, "progress.json"), JSON.stringify(counts));
    appendFileSync(join(stage, "rows.bin"), new Uint8Array(100));
    appendFileSync(join(stage, "index.csv"), "P256,done,x");
    expect((await run("resumed.npy")).exitCode).toBe(0);
    for (const ending of [".npy", ".index.csv", ".json"])
      expect(bytes(`resumed${ending}`).equals(bytes(`all${ending}`))).toBe(true);
    expect(readdirSync(place.path).filter((name) => name.endsWith(".parts"))).toEqual([]);
  });

  it.each([
    ["folder.npy", "folder.npy"],
    ["folder.parquet", "folder.parquet"],
    ["taken.npy", "taken.index.csv"],
  ])("refuses %s before the work where %s is a folder", async (output, folder) => {
    mkdirSync(join(place.path, folder));
    const before = readdirSync(place.path);
    const { exitCode, stderr } = await embed(output);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(
        new RegExp(`^proteoscope: .*${folder}: there is a folder of that name\\n$`),
      ),
    });
    expect(readdirSync(place.path)).toEqual(before);
  });

  it("replaces a store of an earlier run, and no other folder of its name", async () => {
    const own = place.file("kept.zarr/notes.txt", "mine");
    const { exitCode, stderr } = await embed("kept.zarr");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/kept\.zarr: what has this name are no embeddings/),
    });
    expect(readFileSync(own, "utf8")).toBe("mine");
    expect(await embed("twice.zarr")).toMatchObject({ exitCode: 3 });
    expect(await embed("twice.zarr")).toMatchObject({ exitCode: 3 });
  });

  it("refuses an output that is its input", async () => {
    const input = place.file("input.parquet", fasta);
    const words = ["embed", input, "--plm", place.model, "-o", input];
    expect(await runWords(words)).toMatchObject({
      ...{ exitCode: 2, stderr: expect.stringContaining("input.parquet is an input of this command") },
    });
    expect(readFileSync(input, "utf8")).toBe(fasta);
  });

  it.each([
    [["-o", "x.txt"], 3, /names no format.*end it in \.zarr, \.npy, \.parquet/],
    [["-o", "x.parquet", "--precision", "float16"], 2, /float16 is for \.zarr and \.npy/],
    [["--window", "1"], 2, /--window takes a whole number from 2/],
    [["--plm", "nowhere/at-all"], 4, /no such file or folder/],
    [[], 2, /<protein> is missing/],
  ])("refuses %j", async (words, exitCode, message) => {
    const proteins = words.length === 0 ? [] : [path];
    const result = await runWords(["embed", ...proteins, ...words]);
    expect(result).toMatchObject({ exitCode, stderr: expect.stringMatching(message) });
  });
});
