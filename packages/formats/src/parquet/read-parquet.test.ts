import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { eachParquetRow } from "./read-parquet.ts";
import { startParquet } from "./write-parquet.ts";

async function file(groups: readonly (readonly (readonly [string | null, number | null])[])[]) {
  const pieces: Uint8Array[] = [];
  const columns = [
    { name: "id", type: "string" },
    { name: "index", type: "int32" },
  ] as const;
  const table = await startParquet(columns, async (bytes) => void pieces.push(bytes));
  for (const rows of groups) await table.write(rows);
  await table.finish();
  return fileOf(new Uint8Array(Buffer.concat(pieces)));
}

const fileOf = (bytes: Uint8Array) => ({
  byteLength: bytes.length,
  slice: async (start: number, end?: number) => bytes.slice(start, end).buffer as ArrayBuffer,
});

describe("eachParquetRow", () => {
  it("reads the rows of all groups in order, as text, with their numbers", async () => {
    const rows: [Record<string, string>, number][] = [];
    const groups = [[["a", 0] as const, ["b", 1] as const], [[null, null] as const], [["δ", 3] as const]];
    const columns = await eachParquetRow(await file(groups), {}, (row, number) => rows.push([row, number]));
    expect(columns).toEqual(["id", "index"]);
    expect(rows).toEqual([
      [{ id: "a", index: "0" }, 1],
      [{ id: "b", index: "1" }, 2],
      [{ id: "", index: "" }, 3],
      [{ id: "δ", index: "3" }, 4],
    ]);
  });

  it("names a column that is missing, and the file that is no table", async () => {
    const options = { name: "crops.parquet", requireColumns: ["index", "field"] };
    await expect(eachParquetRow(await file([[["a", 0]]]), options, () => {})).rejects.toThrow(
      /crops\.parquet lacks the column field; it has: id, index/,
    );
    const broken = eachParquetRow(fileOf(new TextEncoder().encode("id,index\n1,2\n")), options, () => {});
    await expect(broken).rejects.toThrow(FormatError);
    await expect(broken).rejects.toThrow(/crops\.parquet/);
  });

  it("does not turn an error of the caller into one of the file", async () => {
    const fail = () => {
      throw new RangeError("row refused");
    };
    await expect(eachParquetRow(await file([[["a", 0]]]), {}, fail)).rejects.toThrow(RangeError);
  });
});
