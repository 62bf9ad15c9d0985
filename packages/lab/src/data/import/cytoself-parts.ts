// The files of a data set in cytoself's format (Kobayashi et al., Nature Methods 19, 2022, github.com/royerlab/cytoself):
//
//   Image_data00.npy .. Image_data09.npy   float32 [N, H, W, 4]: protein, nucleus, nuclear distance, nuclear segmentation
//   Label_data00.csv .. Label_data09.csv   ensg, name, loc_grade1, loc_grade2, loc_grade3, protein_id, FOV_id
//
// or, per protein, NAME_pro.npy, NAME_nuc.npy, NAME_nucdist.npy [N, H, W] and NAME_label.npy with the columns above. All of
// them are looked at before the first crop is written.

import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eachCsvRow, FormatError, listBriefly, readNpyHeader, readTextNpy } from "@proteoscope/formats";

/** What a row of the labels says. */
export interface CytoselfLabel {
  readonly ensembl: string;
  readonly gene: string;
  /** Words by grade, from 1 to 3, as they stand: `membrane;cytoskeleton`. */
  readonly grades: readonly [string, string, string];
  readonly field: string;
}

/** An array of a part: its file, and where its first value and each further crop and pixel are. */
export interface CytoselfArray {
  readonly path: string;
  readonly dataStart: number;
}

/** Images and labels that belong together. */
export interface CytoselfPart {
  /** The name that messages use: of the image file, or of the protein. */
  readonly name: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** One array with four values per pixel, or three with one: protein, nucleus, distance. */
  readonly arrays: readonly CytoselfArray[];
  readonly labelFile: string;
  readonly bytes: number;
}

const columns = ["ensg", "name", "loc_grade1", "loc_grade2", "loc_grade3", "protein_id", "FOV_id"];
const quadruple = ["pro", "nuc", "nucdist"];

/** The shape of a part whose images may have been removed, because their crops are imported. */
export type KnownPart = Pick<CytoselfPart, "name" | "count" | "height" | "width" | "bytes">;

/**
 * Finds the parts of a folder and checks that their shapes fit; `known` are those of an import that is gone on with.
 * @throws FormatError that names the file.
 */
export async function findCytoselfParts(
  folder: string,
  known: readonly KnownPart[] = [],
): Promise<CytoselfPart[]> {
  const names = new Set(await readdir(folder));
  const parts: CytoselfPart[] = [];
  for (const name of [...names].sort()) {
    const number = /^Label_data(.*)\.csv$/.exec(name)?.[1];
    if (number !== undefined)
      parts.push(...(await partOf(folder, names, { name: `Image_data${number}`, labelFile: name, known })));
    const protein = /^(.+)_label\.npy$/.exec(name)?.[1];
    if (protein !== undefined)
      parts.push(...(await partOf(folder, names, { name: protein, labelFile: name, known })));
  }
  const lonely = [...names].filter(
    (name) => /^Image_data.*\.npy$/.test(name) && !names.has(labelFileOf(name)),
  );
  if (lonely.length > 0) refuse(`${listBriefly(lonely, 5)} have no Label_data CSV beside them`);
  if (parts.length === 0) refuse(`${folder} holds no Label_data*.csv and no *_label.npy`);
  const [first] = parts;
  for (const { name, height, width } of parts)
    if (height !== first!.height || width !== first!.width)
      refuse(
        `${name} has crops of ${height} x ${width}, ${first!.name} of ${first!.height} x ${first!.width}`,
      );
  return parts;
}

const labelFileOf = (image: string) => image.replace("Image_data", "Label_data").replace(/\.npy$/, ".csv");

interface Found {
  readonly name: string;
  readonly labelFile: string;
  readonly known: readonly KnownPart[];
}

async function partOf(
  folder: string,
  names: ReadonlySet<string>,
  { name, labelFile, known }: Found,
): Promise<CytoselfPart[]> {
  const isWhole = labelFile.endsWith(".csv");
  const files = isWhole ? [`${name}.npy`] : quadruple.map((channel) => `${name}_${channel}.npy`);
  const before = known.find((part) => part.name === name);
  if (before !== undefined && files.some((file) => !names.has(file)))
    return [
      {
        ...before,
        arrays: files.map((file) => ({ path: join(folder, file), dataStart: 0 })),
        labelFile: join(folder, labelFile),
      },
    ];
  const arrays: CytoselfArray[] = [];
  const shapes: string[] = [];
  let [count, height, width, bytes] = [0, 0, 0, 0];
  for (const file of files) {
    if (!names.has(file)) refuse(`${labelFile} has no ${file} beside it`);
    const path = join(folder, file);
    const header = await headerOf(path);
    const { dtype, shape, fortranOrder, littleEndian, dataStart, dataEnd } = header;
    const isShaped = isWhole ? shape.length === 4 && shape[3] === 4 : shape.length === 3;
    if (dtype !== "float32" || !isShaped || fortranOrder || !littleEndian)
      refuse(`${file} holds ${dtype} [${shape}], not float32 [N, H, W${isWhole ? ", 4" : ""}] in C order`);
    [count, height, width] = shape as [number, number, number];
    shapes.push(shape.slice(0, 3).join(","));
    arrays.push({ path, dataStart });
    bytes += dataEnd - dataStart;
  }
  if (new Set(shapes).size > 1) refuse(`the channels of ${name} have the shapes ${shapes.join(" and ")}`);
  return [{ name, count, height, width, arrays, labelFile: join(folder, labelFile), bytes }];
}

async function headerOf(path: string) {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(66_000, size));
    await file.read(bytes, 0, bytes.length, 0);
    return readNpyHeader(bytes, size);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError("cytoself", `${path}: ${cause.what}`, { cause });
  } finally {
    await file.close();
  }
}

/** The labels of a part, one per crop. @throws FormatError where they are more or fewer, or lack a column. */
export async function readCytoselfLabels({ labelFile, count, name }: CytoselfPart): Promise<CytoselfLabel[]> {
  const bytes = await readFile(labelFile);
  const labels: CytoselfLabel[] = [];
  const take = (row: Readonly<Record<string, string>>) => {
    const cell = (column: string) => row[column] ?? "";
    labels.push({
      ensembl: cell("ensg"),
      gene: cell("name"),
      grades: [cell("loc_grade1"), cell("loc_grade2"), cell("loc_grade3")],
      field: cell("FOV_id"),
    });
  };
  if (labelFile.endsWith(".csv"))
    eachCsvRow(
      bytes,
      { name: labelFile, requireColumns: columns.filter((name) => name !== "protein_id") },
      take,
    );
  else {
    const { shape, data } = readTextNpy(bytes, { name: labelFile });
    if (shape.length !== 2 || shape[1] !== columns.length)
      refuse(`${labelFile} has the shape [${shape}], not one row per crop of ${columns.join(", ")}`);
    for (let row = 0; row < shape[0]!; row++)
      take(Object.fromEntries(columns.map((column, at) => [column, data[row * columns.length + at]!])));
  }
  if (labels.length !== count)
    refuse(`${labelFile} has ${labels.length} rows, ${name} has ${count} crops: they must be as many`);
  return labels;
}

function refuse(what: string): never {
  throw new FormatError("cytoself", what, { hint: "give the folder as cytoself's authors publish it" });
}
