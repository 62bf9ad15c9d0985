import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { type ParquetColumn, type ParquetValue, startParquet } from "./write-parquet.ts";

const columns = [
  { name: "id", type: "string" },
  { name: "length", type: "int32" },
  { name: "probability", type: "double" },
  { name: "embedding", type: "floats" },
] as const satisfies readonly ParquetColumn[];

async function write(groups: readonly (readonly (readonly ParquetValue[])[])[], metadata = {}) {
  const pieces: Uint8Array[] = [];
  const table = await startParquet(columns, async (bytes) => void pieces.push(bytes), metadata);
  for (const rows of groups) await table.write(rows);
  await table.finish();
  return { bytes: new Uint8Array(Buffer.concat(pieces)), pieces };
}

const rowsOf = (bytes: Uint8Array) => parquetReadObjects({ file: bytes.slice().buffer as ArrayBuffer });

describe("a Parquet file", () => {
  it("gives back text, numbers and lists, and null for what is absent", async () => {
    const { bytes } = await write([
      [
        ["α", 3, 0.25, Float32Array.of(1, -2.5)],
        ["", null, null, null],
      ],
    ]);
    expect(await rowsOf(bytes)).toEqual([
      { id: "α", length: 3, probability: 0.25, embedding: [1, -2.5] },
      { id: "", length: null, probability: null, embedding: undefined },
    ]);
  });

  it("is handed over group by group", async () => {
    const group = (from: number) =>
      Array.from({ length: 100 }, (_, i) => [`P${from + i}`, i, i / 7, Float32Array.of(i)] as const);
    const { bytes, pieces } = await write([group(0), group(100), [], group(200)]);
    expect(pieces).toHaveLength(4);
    const rows = await rowsOf(bytes);
    expect(rows).toHaveLength(300);
    expect(rows[299]).toEqual({ id: "P299", length: 99, probability: 99 / 7, embedding: [99] });
    expect(parquetMetadata(bytes.slice().buffer as ArrayBuffer).row_groups).toHaveLength(3);
  });

  it("carries texts of its writer, and is the same for the same table", async () => {
    const [first, second] = [
      await write([[["a", 1, 1, null]]], { windows: "ends" }),
      await write([[["a", 1, 1, null]]], { windows: "ends" }),
    ];
    expect(first.bytes).toEqual(second.bytes);
    const { key_value_metadata } = parquetMetadata(first.bytes.slice().buffer as ArrayBuffer);
    expect(key_value_metadata).toEqual([{ key: "windows", value: "ends" }]);
  });
});
