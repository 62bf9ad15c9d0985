// The table of an import of images: one row per field of view, which says where its channels are and what is known of it. Two
// presets read tables of other makers: four-stain fields of the Human Protein Atlas by the names of their files, and the
// manifest of the CM4AI DREAM challenge (github.com/cm4ai-anvil-dream-challenge/ProtiCelliDream).

import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { FormatError, ProteoscopeError, parseFasta, readCsv } from "@proteoscope/formats";

/** Where a channel of a field is. */
export interface ChannelSource {
  readonly path: string;
  /** Number from 0, or name; needed where the file has several. */
  readonly channel?: string | undefined;
}

/** One row of the table. */
export interface FieldRow {
  /** Number of the row, from 1 without the header. */
  readonly row: number;
  readonly field: string;
  readonly channels: ReadonlyMap<string, ChannelSource>;
  readonly pixelSizeMicrons?: number | undefined;
  readonly cellLine: string;
  readonly source: string;
  readonly licence: string;
  /** Id of the protein; empty where it is unknown. */
  readonly protein: string;
  readonly gene: string;
  readonly ensembl: string;
  readonly uniprot: string;
  /** Words for places, with grades or without, as they stand. */
  readonly compartments: string;
  readonly sequence: string;
}

/** Names of the presets. */
export const imagePresets = {
  hpa: "a folder of FIELD_nucleus.png, FIELD_protein.png, FIELD_microtubules.png, FIELD_er.png (or blue, green, red, yellow); 0.08 um",
  dream:
    "the manifest of the CM4AI DREAM challenge: a crop of 512 pixels of 0.0942 um per cell, with its own sequence",
} as const;
/** One of `imagePresets`. */
export type ImagePreset = keyof typeof imagePresets;

/** How a table is read. */
export interface ImageTableOptions {
  readonly preset?: ImagePreset | undefined;
  /** Channels by name for every row: the name or number of the channel in the row's file. */
  readonly channels?: ReadonlyMap<string, string> | undefined;
}

/** Pixel sizes of the presets, where neither the table nor the file says one. */
export const presetPixelSizes: Readonly<Record<ImagePreset, number>> = { hpa: 0.08, dream: 0.0942 };

const known = [
  ...["field", "file", "pixel_size_microns", "cell_line", "source", "licence", "protein", "gene", "ensembl"],
  ...["uniprot", "compartments", "sequence"],
];

/** Reads the rows. @throws FormatError that names row and column, ProteoscopeError (usage) where no channel is the nucleus. */
export async function readImageTable(path: string, options: ImageTableOptions): Promise<FieldRow[]> {
  const { preset } = options;
  const rows =
    preset === "dream"
      ? await readDreamManifest(path)
      : preset === "hpa"
        ? await readHpaFolder(path)
        : readRows(await readFile(path), path, options.channels ?? new Map());
  const fields = new Set<string>();
  for (const { row, field, channels } of rows) {
    if (!channels.has("nucleus"))
      throw new ProteoscopeError(
        `${path}, row ${row}: no channel is the nucleus: give a column nucleus_file or nucleus_channel, or --channel nucleus=NAME`,
        { kind: "usage", field: "channels" },
      );
    if (fields.has(field) && preset !== "dream")
      throw fault(path, row, "field", `"${field}" stands there twice`);
    fields.add(field);
  }
  if (rows.length === 0)
    throw new FormatError("images", `${path} names no field`, { hint: "give one row per field" });
  return rows;
}

function readRows(bytes: Uint8Array, path: string, common: ReadonlyMap<string, string>): FieldRow[] {
  const rows = readCsv(bytes, { name: path });
  const columns = Object.keys(rows[0] ?? {});
  const strange = columns.find((name) => !known.includes(name) && !/_(file|channel)$/.test(name));
  if (strange !== undefined)
    throw new FormatError("images", `${path} has the unknown column "${strange}"`, {
      hint: `columns are ${known.join(", ")}, and CHANNEL_file or CHANNEL_channel`,
    });
  return rows.map((cells, at) => {
    const row = at + 1;
    const cell = (name: string) => cells[name]?.trim() ?? "";
    const size = cell("pixel_size_microns");
    if (size !== "" && !(Number(size) > 0))
      throw fault(path, row, "pixel_size_microns", `"${size}" is no size`);
    const channels = channelsOf(columns, cell, { path, common });
    const main = cell("file") || channels.get("nucleus")?.path;
    if (main === undefined) throw fault(path, row, "file", "is empty, and so is nucleus_file");
    return {
      ...{ row, field: cell("field") || main, channels, ...knowledgeOf(cell) },
      pixelSizeMicrons: size === "" ? undefined : Number(size),
    };
  });
}

function channelsOf(
  columns: readonly string[],
  cell: (name: string) => string,
  { path, common }: { readonly path: string; readonly common: ReadonlyMap<string, string> },
): Map<string, ChannelSource> {
  const names = new Set([
    ...common.keys(),
    ...columns.flatMap((column) => /^(.+)_(file|channel)$/.exec(column)?.[1] ?? []),
  ]);
  const channels = new Map<string, ChannelSource>();
  for (const name of names) {
    const [file, channel] = [cell(`${name}_file`), cell(`${name}_channel`) || common.get(name)];
    if (file !== "")
      channels.set(name, { path: beside(path, file), channel: cell(`${name}_channel`) || undefined });
    else if (cell("file") !== "" && channel !== undefined)
      channels.set(name, { path: beside(path, cell("file")), channel });
  }
  return channels;
}

function knowledgeOf(cell: (name: string) => string) {
  const gene = cell("gene");
  return {
    ...{ gene, cellLine: cell("cell_line"), source: cell("source"), licence: cell("licence") },
    ...{ ensembl: cell("ensembl"), uniprot: cell("uniprot"), compartments: cell("compartments") },
    ...{ protein: cell("protein") || cell("ensembl") || cell("uniprot") || gene, sequence: cell("sequence") },
  };
}

const stains: Readonly<Record<string, string>> = {
  ...{ nucleus: "nucleus", blue: "nucleus", protein: "protein", green: "protein" },
  ...{ microtubules: "microtubules", red: "microtubules", er: "er", yellow: "er" },
};

/** Fields of a folder by the names of their files, and a CSV in it (fields.csv) for what is known of them. */
async function readHpaFolder(path: string): Promise<FieldRow[]> {
  const isFolder = (await stat(path)).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const table = isFolder
    ? undefined
    : readCsv(await readFile(path), { name: path, requireColumns: ["field"] });
  const fields = new Map<string, Map<string, ChannelSource>>();
  for (const name of (await readdir(folder)).sort()) {
    const [, field, stain] = /^(.+)_([a-z]+)\.(?:png|tiff?)$/i.exec(name) ?? [];
    const channel = stains[stain?.toLowerCase() ?? ""];
    if (field === undefined || channel === undefined) continue;
    const channels = fields.get(field) ?? new Map<string, ChannelSource>();
    fields.set(field, channels.set(channel, { path: join(folder, name) }));
  }
  const listed = table ?? [...fields.keys()].map((field) => ({ field }) as Record<string, string>);
  return listed.map((cells, at) => {
    const cell = (name: string) => cells[name]?.trim() ?? "";
    const channels = fields.get(cell("field"));
    if (channels === undefined)
      throw fault(
        path,
        at + 1,
        "field",
        `"${cell("field")}" has no files FIELD_nucleus.png and so on in ${folder}`,
      );
    return { ...{ row: at + 1, field: cell("field"), channels }, ...knowledgeOf(cell) };
  });
}

const dreamColumns = ["prediction_id", "microtubules_image", "nucleus_image", "er_image", "poi_image"];

async function readDreamManifest(path: string): Promise<FieldRow[]> {
  const lines = new TextDecoder().decode(await readFile(path)).split(/\r\n|\n|\r/);
  const columns = lines[0]!.split("\t");
  const missing = dreamColumns.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    throw new FormatError("images", `${path} lacks the column ${missing.join(", ")}`, {
      ...{ line: 1, hint: "a manifest has tabs between its columns, and their names in its first line" },
    });
  const rows: FieldRow[] = [];
  for (const [at, line] of lines.slice(1).entries()) {
    if (line.trim() === "") continue;
    const cells = line.split("\t");
    const cell = (name: string) => (cells[columns.indexOf(name)] ?? "").trim();
    const channels = new Map<string, ChannelSource>();
    for (const [name, column] of [
      ["protein", "poi_image"],
      ["nucleus", "nucleus_image"],
      ["microtubules", "microtubules_image"],
      ["er", "er_image"],
    ] as const) {
      if (cell(column) === "")
        throw fault(path, at + 1, column, "is empty: a cell to train on has all four images");
      channels.set(name, { path: beside(path, cell(column)) });
    }
    const fasta = cell("aa_sequence_fasta_path");
    const [record] = fasta === "" ? [] : parseFasta(await readFile(beside(path, fasta), "utf8"));
    const ensembl = cell("poi_ensembl_gene_id");
    rows.push({
      ...{ row: at + 1, field: cell("plate_well_id") || cell("prediction_id"), channels },
      ...{
        cellLine: cell("cell_line"),
        source: cell("source_db"),
        licence: "",
        gene: "",
        ensembl,
        uniprot: "",
      },
      ...{ protein: ensembl || (record?.id ?? ""), compartments: "", sequence: record?.sequence ?? "" },
    });
  }
  return rows;
}

function beside(table: string, file: string): string {
  return isAbsolute(file) ? file : join(dirname(table), file);
}

function fault(path: string, row: number, column: string, message: string): FormatError {
  return new FormatError("images", `${path}, row ${row}, column ${column}: ${message}`, {
    hint: "correct that cell",
  });
}
