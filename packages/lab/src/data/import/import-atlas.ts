// Imports an atlas folder, the form before data sets: crops_u8.npy with crops.csv, cells_u8.npy with cells.csv (five stains),
// proteins.csv, localisation.csv and whole fields of nuclei, as far as they are there. What trainers and evaluations read of the
// set is what they read of the atlas: its splits become the column `atlas`.

import { copyFile, type FileHandle, open, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { FormatError, readCsv, readNpyHeader, writeCsv } from "@proteoscope/formats";
import type { WorkOptions } from "@proteoscope/microscope";
import type { Protein } from "../atlas/records.ts";
import { splitSequences } from "../atlas/splits.ts";
import { readLocalisation, readProteins } from "../atlas/tables.ts";
import type { DataSetDescription } from "../dataset/description.ts";
import { writeLabels } from "./localisation-words.ts";
import { type Cells, cropsFile, openSetWriter, type SetWriter } from "./set-writer.ts";

/** What to import. */
export interface AtlasImport {
  readonly folder: string;
  readonly output: string;
  readonly pixelSizeMicrons: number;
  readonly licence: string;
  readonly madeBy: string;
}

/** What was imported. */
export interface AtlasImportReport {
  readonly crops: number;
  readonly channels: readonly string[];
  readonly proteins: number;
  readonly sequences: number;
}

interface Position {
  readonly part: number;
  readonly row: number;
}

/** A table of crops with its pixels, [N, H, W, C]. */
interface AtlasPart {
  readonly pixels: string;
  readonly table: string;
  readonly channels: readonly string[];
}

const parts: readonly AtlasPart[] = [
  { pixels: "crops_u8.npy", table: "crops.csv", channels: ["protein", "nucleus", "nuclear_mask"] },
  {
    pixels: "cells_u8.npy",
    table: "cells.csv",
    channels: ["protein", "nucleus", "nuclear_mask", "microtubules", "er"],
  },
];
const nucleusFields = "nuclei_fovs.npz";
const batchCrops = 64;
const cropColumns = [
  ...["field", "protein", "compartments", "quality", "label_consistency", "exclude", "blend", "dna_stain"],
  ...["raw_labels", "nuclear_diameter_px", "nuclear_solidity", "nuclei"],
];
const fieldColumns = ["field", "source", "licence", "cell_line", "pixel_size_microns"];
const proteinColumns = [
  ...[
    "protein",
    "source",
    "gene",
    "ensembl",
    "uniprot",
    "compartments",
    "sequence",
    "human",
    "cluster",
    "partition",
  ],
  ...["leak_of", "same_as"],
];

/** Imports an atlas, or goes on where it was left. @throws FormatError for an atlas that is none, and as `openGrowingFiles` does. */
export async function importAtlas(request: AtlasImport, work: WorkOptions): Promise<AtlasImportReport> {
  const { folder, output } = request;
  const found = await findParts(folder);
  const channels = found.map((part) => part.channels).toSorted((a, b) => b.length - a.length)[0]!;
  const { height, width } = found[0]!;
  const tables = await readAtlasTables(folder, found);
  const writer = await openSetWriter<Position>(
    output,
    { channels, height, width, cropColumns },
    {
      settings: { import: "atlas", request: { ...request, output: "", folder: "" } },
      others: [...tables.files.keys()],
    },
  );
  const counted = { channels, proteins: tables.proteins, sequences: tables.sequences };
  if (writer === undefined) return { crops: 0, ...counted };
  try {
    await copyCrops(folder, found, { writer, channels, proteinOf: tables.proteinOf }, work);
    const hasFields = await exists(join(folder, nucleusFields));
    if (hasFields) await copyFile(join(folder, nucleusFields), join(output, nucleusFields));
    const crops = writer.count;
    await writer.finish(descriptionOf(request, channels, [...tables.files.keys()], hasFields), tables.files);
    return { crops, ...counted };
  } finally {
    await writer.close();
  }
}

interface FoundPart extends AtlasPart {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly dataStart: number;
  readonly rows: readonly Record<string, string>[];
}

async function findParts(folder: string): Promise<FoundPart[]> {
  const found: FoundPart[] = [];
  for (const part of parts) {
    const path = join(folder, part.pixels);
    if (!(await exists(path)) || !(await exists(join(folder, part.table)))) continue;
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const head = new Uint8Array(Math.min(66_000, size));
      await file.read(head, 0, head.length, 0);
      const { dtype, shape, dataStart, fortranOrder } = readNpyHeader(head, size);
      const [count = 0, height = 0, width = 0, depth] = shape;
      if (dtype !== "uint8" || shape.length !== 4 || depth !== part.channels.length || fortranOrder)
        throw new FormatError(
          "atlas",
          `${part.pixels} holds ${dtype} [${shape}], not uint8 [N, H, W, ${part.channels.length}]`,
        );
      const rows = readCsv(await readFile(join(folder, part.table)), {
        name: part.table,
        requireColumns: ["FOV_id", "compartments", "split_image"],
      });
      if (rows.length !== count)
        throw new FormatError(
          "atlas",
          `${part.table} has ${rows.length} rows, ${part.pixels} ${count} crops`,
        );
      found.push({ ...part, count, height, width, dataStart, rows });
    } finally {
      await file.close();
    }
  }
  if (found.length === 0)
    throw new FormatError("atlas", `${folder} has no crops_u8.npy`, { hint: "name an atlas folder" });
  return found;
}

/** Fields, proteins, sequences and splits, and the protein of each gene and accession that a crop names. */
async function readAtlasTables(folder: string, found: readonly FoundPart[]) {
  const human = (await exists(join(folder, "proteins.csv"))) ? await readProteins(folder) : [];
  const others = (await exists(join(folder, "localisation.csv"))) ? await readLocalisation(folder) : [];
  const splits = splitSequences([...human, ...others]);
  const rows = found.flatMap((part) => part.rows);
  const ids = new Map(human.map(({ id, gene = "", uniprot = "" }) => [`${gene} ${uniprot}`, id]));
  const imaged: Cells[] = []; // proteins of crops that no table has
  for (const { gene = "", uniprot = "", ensg = "", source = "" } of rows) {
    if ((gene === "" && uniprot === "") || ids.has(`${gene} ${uniprot}`)) continue;
    const id = `image_${gene || uniprot}`;
    ids.set(`${gene} ${uniprot}`, id);
    imaged.push({ protein: id, source, gene, ensembl: ensg, uniprot });
  }
  const fields = new Map(rows.map((row) => [row.FOV_id!, row]));
  const fieldRows = [...fields].map(
    ([field, { source = "", licence = "", cell_line = "", native_um_per_px = "" }]) => ({
      ...{ field, source, licence, cell_line, pixel_size_microns: native_um_per_px },
    }),
  );
  for (const { FOV_id, split_image, source, licence } of rows) {
    const first = fields.get(FOV_id!)!;
    if (first.split_image !== split_image || first.source !== source || first.licence !== licence)
      throw new FormatError("atlas", `the crops of field ${FOV_id} differ in their split, source or licence`);
  }
  const splitRows = [
    ...[...human, ...others].map(({ id }, at) => ({ kind: "protein", id, atlas: splits[at]! })),
    ...imaged.map(({ protein }) => ({ kind: "protein", id: protein, atlas: "train" })),
    ...[...fields].map(([id, { split_image }]) => ({ kind: "field", id, atlas: split_image! })),
  ];
  const files = new Map([
    ["fields.csv", writeCsv(fieldRows, fieldColumns)],
    ["proteins.csv", writeCsv([...human.map(rowOf), ...imaged], proteinColumns)],
    ...(others.length > 0 ? [["sequences.csv", writeCsv(others.map(rowOf), proteinColumns)] as const] : []),
    ["splits.csv", writeCsv(splitRows, ["kind", "id", "atlas"])],
  ]);
  const proteinOf = (gene: string, uniprot: string) => ids.get(`${gene} ${uniprot}`) ?? "";
  return { files, proteinOf, proteins: human.length + imaged.length, sequences: others.length };
}

function rowOf({ id, ensg, labels, isHuman, leakOf, sameAs, ...protein }: Protein): Cells {
  const { source, gene, uniprot, sequence, cluster, partition } = protein;
  return {
    ...{ protein: id, source, gene, ensembl: ensg, uniprot, sequence, cluster, partition, same_as: sameAs },
    ...{ compartments: writeLabels(labels), human: isHuman ? 1 : 0, leak_of: leakOf.join(";") },
  };
}

interface Target {
  readonly writer: SetWriter<Position>;
  readonly channels: readonly string[];
  readonly proteinOf: (gene: string, uniprot: string) => string;
}

async function copyCrops(
  folder: string,
  found: readonly FoundPart[],
  target: Target,
  { signal, onProgress }: WorkOptions,
) {
  const { writer } = target;
  const start = writer.position ?? { part: 0, row: 0 };
  const total = found.reduce((sum, { count }) => sum + count, 0);
  for (const [number, part] of found.entries()) {
    if (number < start.part) continue;
    const file = await open(join(folder, part.pixels), "r");
    try {
      for (let row = number === start.part ? start.row : 0; row < part.count; row += batchCrops) {
        signal.throwIfAborted();
        const rows = part.rows.slice(row, row + batchCrops);
        const planes = await readPlanar(file, part, row, { count: rows.length, channels: target.channels });
        await writer.addCrops(
          planes,
          rows.map((cells) => cropRow(cells, target.proteinOf)),
        );
        await writer.checkpoint({ part: number, row: row + rows.length });
        onProgress?.({ phase: "import", done: writer.count, total, unit: "crops", note: part.table });
      }
    } finally {
      await file.close();
    }
  }
}

/** Crops [n, H, W, C] of the file as [n, channels, H, W]; a channel that the file lacks is 0. */
async function readPlanar(
  file: FileHandle,
  { height, width, channels: stored, dataStart }: FoundPart,
  first: number,
  { count, channels }: { readonly count: number; readonly channels: readonly string[] },
): Promise<Uint8Array> {
  const plane = height * width;
  const bytes = new Uint8Array(count * plane * stored.length);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, dataStart + first * plane * stored.length);
  if (bytesRead !== bytes.length) throw new FormatError("atlas", "the pixel file ends early");
  const planes = new Uint8Array(count * plane * channels.length);
  for (let item = 0; item < count; item++)
    for (const [to, channel] of channels.entries()) {
      const from = stored.indexOf(channel);
      if (from < 0) continue;
      const out = (item * channels.length + to) * plane;
      for (let pixel = 0; pixel < plane; pixel++) {
        const value = bytes[(item * plane + pixel) * stored.length + from]!;
        planes[out + pixel] = channel === "nuclear_mask" && value > 0 ? 255 : value;
      }
    }
  return planes;
}

function cropRow(cells: Readonly<Record<string, string>>, proteinOf: Target["proteinOf"]): Cells {
  const { FOV_id, gene = "", uniprot = "", compartments, quality, label_consistency } = cells;
  const isExcluded = cells.exclude === "1" || cells.exclude_protein === "1" || cells.has_protein === "0";
  const reason =
    cells.exclude_why || (cells.has_protein === "0" ? "no protein stain" : "marked in the atlas");
  return {
    ...{
      field: FOV_id,
      protein: gene || uniprot ? proteinOf(gene, uniprot) : "",
      compartments,
      quality,
      label_consistency,
    },
    exclude: isExcluded ? reason : "",
    blend: cells.synthetic_mix === "1" ? 1 : 0,
    dna_stain: cells.nucleus_kind === "from_protein" ? 0 : 1,
    raw_labels: cells.raw_labels,
    ...{
      nuclear_diameter_px: cells.nuc_diam_px,
      nuclear_solidity: cells.nuc_solidity,
      nuclei: cells.n_nuclei,
    },
  };
}

function descriptionOf(
  { folder, madeBy, licence, pixelSizeMicrons }: AtlasImport,
  channels: readonly string[],
  files: readonly string[],
  hasFields: boolean,
): DataSetDescription {
  const source = `the atlas ${basename(resolve(folder))}`;
  const described = (file: string) => ({ file, source });
  return {
    ...{
      name: basename(resolve(folder)),
      madeBy,
      source,
      licence,
      pixelSizeMicrons,
      channels,
      crops: cropsFile,
    },
    normalisation: "as in the atlas: per field, protein and nucleus between percentiles, 8 bits",
    tables: {
      crops: described("crops.csv"),
      fields: described("fields.csv"),
      proteins: described("proteins.csv"),
      ...(files.includes("sequences.csv") && { sequences: described("sequences.csv") }),
      splits: described("splits.csv"),
    },
    split: "atlas",
    ...(hasFields && { nucleusFields }),
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
