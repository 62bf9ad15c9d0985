// Tables keyed by gene, as published with embeddings of texts or names: a matrix in .npy or .zarr and a list of the genes of
// its rows. Columns are brought to zero mean and unit deviation, since the numbers of one source are large and those of
// another small. Levels of expression are a CSV of two columns.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, type NdArray, readCsv, readNpy, toFloat32 } from "@proteoscope/formats";

export interface GeneTable {
  readonly genes: readonly string[];
  /** Standardised, float32 [genes, width]. */
  readonly values: NdArray;
  readonly width: number;
}

export interface GeneTablePaths {
  /** .npy file or .zarr folder, [genes, width]. */
  readonly embeddings: string;
  /** Text with one gene per line, or a JSON list. */
  readonly genes: string;
}

/** Reads a table. @throws FormatError if it is no matrix of numbers, or has another length than the list of genes */
export async function readGeneTable({ embeddings, genes: list }: GeneTablePaths): Promise<GeneTable> {
  const genes = parseGenes(await readFile(list, "utf8"), list);
  const matrix = embeddings.replace(/\/$/, "").endsWith(".zarr")
    ? await readZarr(embeddings)
    : readNpy(await readFile(embeddings));
  const [rows, width = 0] = matrix.shape;
  if (matrix.shape.length !== 2 || rows !== genes.length || width === 0)
    throw new FormatError(
      "gene table",
      `${embeddings} is [${matrix.shape}], ${list} names ${genes.length} genes`,
      { hint: "give one row per gene" },
    );
  const values = toFloat32(matrix);
  if (!values.every(Number.isFinite))
    throw new FormatError("gene table", `${embeddings}: holds a value that is no number`);
  return {
    genes,
    width,
    values: standardizeColumns({ dtype: "float32", shape: [rows, width], data: values }),
  };
}

export interface GeneLevels extends GeneTable {
  /** Mean of the levels, in their own unit. */
  readonly mean: number;
  /** Standard deviation of the levels. */
  readonly deviation: number;
}

/** Reads a CSV with the columns gene and level. @throws FormatError */
export async function readGeneLevels(path: string): Promise<GeneLevels> {
  const rows = readCsv(await readFile(path, "utf8"), { name: path, requireColumns: ["gene", "level"] });
  const levels = Float32Array.from(rows, ({ level }) => (level?.trim() ? Number(level) : Number.NaN));
  const wrong = levels.findIndex((level) => !Number.isFinite(level));
  if (rows.length === 0 || wrong >= 0)
    throw new FormatError("gene table", `${path}: has no level of a number`, { line: wrong + 2 });
  const genes = rows.map(({ gene }) => gene!);
  const [moments] = columnMoments({ dtype: "float32", shape: [genes.length, 1], data: levels });
  const values = standardizeColumns({ dtype: "float32", shape: [genes.length, 1], data: levels });
  return { genes, values, width: 1, ...moments! };
}

function parseGenes(text: string, name: string): string[] {
  const isJson = text.trimStart().startsWith("[");
  let genes: unknown;
  try {
    genes = isJson ? JSON.parse(text) : text.split(/\r?\n/).map((line) => line.trim());
  } catch (cause) {
    throw new FormatError("gene table", `${name} is no JSON list`, { cause });
  }
  const words = (genes as unknown[]).filter((gene) => gene !== "");
  if (words.length > 0 && words.every((gene): gene is string => typeof gene === "string")) return words;
  throw new FormatError("gene table", `${name} is no list of genes`, { hint: "give one gene per line" });
}

async function readZarr(path: string): Promise<NdArray> {
  const zarr = await import("zarrita");
  const store = {
    get: (key: string) => readFile(join(path, key)).catch(() => undefined), // an absent chunk is of zeros
  };
  try {
    const array = await zarr.open(store, { kind: "array" });
    if (!array.is("number")) throw new Error(`holds ${array.dtype}`);
    const { data, shape } = await zarr.get(array);
    return { dtype: "float32", shape, data: Float32Array.from(data as ArrayLike<number>) };
  } catch (cause) {
    throw new FormatError("gene table", `${path}: ${(cause as Error).message}`, {
      hint: "give a Zarr array of numbers",
      cause,
    });
  }
}

function columnMoments({ shape, data }: NdArray): { mean: number; deviation: number }[] {
  const [rows, width] = shape as [number, number];
  const values = data as Float32Array;
  return Array.from({ length: width }, (_, column) => {
    let [sum, squares] = [0, 0];
    for (let at = column; at < values.length; at += width) sum += values[at]!;
    const mean = sum / rows;
    for (let at = column; at < values.length; at += width) squares += (values[at]! - mean) ** 2;
    return { mean, deviation: Math.sqrt(squares / rows) || 1 }; // a constant column carries nothing
  });
}

function standardizeColumns(table: NdArray): NdArray {
  const moments = columnMoments(table);
  const data = (table.data as Float32Array).map((value, at) => {
    const { mean, deviation } = moments[at % moments.length]!;
    return (value - mean) / deviation;
  });
  return { ...table, data };
}
