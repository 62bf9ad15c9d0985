import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGeneLevels, readGeneTable } from "./gene-table.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "genes-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  await mkdir(join(folder, name, ".."), { recursive: true });
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const matrix = (shape: number[], values: number[]) =>
  writeNpy({ dtype: "float32", shape, data: Float32Array.from(values) });

/** A Zarr v2 array of one chunk per row, as Python's zarr writes one without a compressor. */
async function putZarr(name: string, rows: number[][]): Promise<string> {
  const width = rows[0]!.length;
  const metadata = {
    ...{ zarr_format: 2, shape: [rows.length, width], chunks: [1, width], dtype: "<f4", order: "C" },
    ...{ compressor: null, filters: null, fill_value: 0 },
  };
  await put(`${name}/.zarray`, JSON.stringify(metadata));
  for (const [row, values] of rows.entries())
    await put(`${name}/${row}.0`, new Uint8Array(Float32Array.from(values).buffer));
  return join(folder, name);
}

describe("readGeneTable", () => {
  it("brings each column of a matrix to zero mean and unit deviation", async () => {
    const embeddings = await put("a.npy", matrix([2, 3], [1, 10, 5, 3, 30, 5]));
    const genes = await put("a.txt", "FBL\nTOMM20\n");
    const table = await readGeneTable({ embeddings, genes });
    expect(table).toMatchObject({ genes: ["FBL", "TOMM20"], width: 3 });
    expect([...(table.values.data as Float32Array)]).toEqual([-1, -1, 0, 1, 1, 0]);
  });

  it("reads a Zarr folder and a JSON list alike", async () => {
    const embeddings = await putZarr("b.zarr", [
      [1, 10],
      [3, 30],
    ]);
    const genes = await put("b.json", '["FBL", "TOMM20"]');
    const { values } = await readGeneTable({ embeddings, genes });
    expect([...(values.data as Float32Array)]).toEqual([-1, -1, 1, 1]);
  });

  it("refuses what is no table, by the name of the file", async () => {
    const genes = await put("c.txt", "FBL\nTOMM20");
    const refused = async (embeddings: string, list = genes) =>
      readGeneTable({ embeddings, genes: list }).then(
        () => "",
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect(await refused(await put("short.npy", matrix([1, 2], [1, 2])))).toMatch(
      /FormatError.*short\.npy is \[1,2\].*2 genes/s,
    );
    expect(await refused(await put("flat.npy", matrix([2], [1, 2])))).toMatch(/flat\.npy is \[2\]/);
    expect(await refused(await put("nan.npy", matrix([2, 1], [1, Number.NaN])))).toMatch(
      /nan\.npy: .*no number/,
    );
    expect(await refused(join(folder, "none.zarr"))).toMatch(/FormatError.*none\.zarr/);
    const list = await put("list.json", '["FBL", 3]');
    expect(await refused(join(folder, "short.npy"), list)).toMatch(/list\.json is no list of genes/);
    expect(await refused(join(folder, "short.npy"), await put("cut.json", "[1,"))).toMatch(
      /cut\.json is no JSON/,
    );
  });
});

describe("readGeneLevels", () => {
  it("gives mean and deviation in the unit of the levels, and the standardised ones", async () => {
    const levels = await readGeneLevels(await put("levels.csv", "gene,level\nFBL,2\nTOMM20,6\n"));
    expect(levels).toMatchObject({ genes: ["FBL", "TOMM20"], mean: 4, deviation: 2, width: 1 });
    expect([...(levels.values.data as Float32Array)]).toEqual([-1, 1]);
  });

  it("names the line of a level that is none", async () => {
    const path = await put("wrong.csv", "gene,level\nFBL,2\nTOMM20,\n");
    await expect(readGeneLevels(path)).rejects.toMatchObject({ name: "FormatError", line: 3 });
  });
});
