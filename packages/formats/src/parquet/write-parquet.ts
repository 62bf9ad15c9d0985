// Tables as Parquet, written piece by piece, so that memory holds one group of rows however many there are. The encoder is
// hyparquet-writer; this file adds columns by type and a sink that takes the bytes as they come.

import type { ParquetWriter } from "hyparquet-writer";

/** The type of a column; `floats` are lists of float32, and absent values are null where the type is a number. */
export type ParquetType = "string" | "double" | "int32" | "floats";

/** A column of a table. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetType;
}

/** A cell of a table. */
export type ParquetValue = string | number | Float32Array | null;

/** A Parquet file that is being written. */
export interface ParquetTable {
  /** Adds a group of rows, cells in the order of the columns. */
  write(rows: readonly (readonly ParquetValue[])[]): Promise<void>;
  /** Writes the end of the file. */
  finish(): Promise<void>;
}

/** Starts a file whose bytes `sink` gets in their order; `metadata` are texts by name in its footer. */
export async function startParquet(
  columns: readonly ParquetColumn[],
  sink: (bytes: Uint8Array) => Promise<void>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<ParquetTable> {
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer"); // loaded where a table is written
  const bytes = new ByteWriter();
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "root", num_children: columns.length }, ...columns.flatMap(schemaOf)],
    ...(kvMetadata.length > 0 && { kvMetadata }),
  });
  const drain = async (): Promise<void> => {
    const written = bytes.getBytes().slice();
    bytes.index = 0;
    await sink(written);
  };
  return {
    async write(rows) {
      if (rows.length === 0) return;
      const columnData = columns.map(({ name, type }, index) => {
        const data = rows.map((row) => row[index] ?? null);
        return {
          name,
          data: type === "floats" ? data.map((list) => list && [...(list as Float32Array)]) : data,
        };
      });
      await writer.write({ columnData, rowGroupSize: rows.length });
      await drain();
    },
    async finish() {
      await writer.finish();
      await drain();
    },
  };
}

type SchemaElements = ConstructorParameters<typeof ParquetWriter>[0]["schema"];

/** https://github.com/apache/parquet-format/blob/master/LogicalTypes.md */
function schemaOf({ name, type }: ParquetColumn): SchemaElements {
  switch (type) {
    case "string":
      return [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" }];
    case "double":
      return [{ name, type: "DOUBLE", repetition_type: "OPTIONAL" }];
    case "int32":
      return [{ name, type: "INT32", repetition_type: "OPTIONAL" }];
    case "floats":
      return [
        { name, repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
      ];
  }
}
