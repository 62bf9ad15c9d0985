// dataset.json, the page of a data set that says what the folder holds and how it was made (docs/data-set.md). Names on disk
// are snake_case; this file is the border. A folder with dataset.json is a data set; one without it is an atlas, the form
// that came before.

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, parseBoundedJson } from "@proteoscope/formats";
import { writeWhole } from "@proteoscope/formats/node";
import { z } from "zod";

/** The file that makes a folder a data set. */
export const descriptionFile = "dataset.json";

/** The version of the format that is written; others are refused. */
export const dataSetVersion = 1;

/** Channels that a crop must have; further ones are stains of the same cell. */
export const requiredChannels = ["nucleus", "nuclear_mask"] as const;

/** Names of the tables; crops is needed by all that learn from images. */
export const tableNames = ["crops", "fields", "proteins", "sequences", "splits"] as const;
/** One of `tableNames`. */
export type TableName = (typeof tableNames)[number];

const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "is no name of a file of the folder");
const tableSchema = z.strictObject({ file: fileName, source: z.string() });

const schema = z.strictObject({
  format: z.literal("proteoscope data set"),
  version: z.literal(dataSetVersion, `is not ${dataSetVersion}, the version that is read`),
  name: z.string().min(1),
  made_by: z.string(),
  source: z.string(),
  licence: z.string(),
  pixel_size_microns: z.number().positive(),
  channels: z
    .array(z.string().regex(/^[a-z][a-z0-9_]*$/, "is no channel name of small letters, digits and _"))
    .refine((names) => new Set(names).size === names.length, "names a channel twice")
    .refine(
      (names) => requiredChannels.every((name) => names.includes(name)),
      `lacks ${requiredChannels.join(" or ")}`,
    ),
  normalisation: z.string(),
  crops: fileName,
  tables: z.strictObject({
    crops: tableSchema,
    fields: tableSchema.optional(),
    proteins: tableSchema.optional(),
    sequences: tableSchema.optional(),
    splits: tableSchema.optional(),
  }),
  split: z.string().optional(),
  nucleus_fields: fileName.optional(),
});

/** A table: its file in the folder, and where its content comes from. */
export interface TableDescription {
  readonly file: string;
  readonly source: string;
}

/** What dataset.json says. */
export interface DataSetDescription {
  readonly name: string;
  /** The command and version that wrote the set. */
  readonly madeBy: string;
  /** Where the images come from, in free text. */
  readonly source: string;
  readonly licence: string;
  readonly pixelSizeMicrons: number;
  /** Channels of the crops in the order of the store: protein, nucleus, nuclear_mask, then further stains. */
  readonly channels: readonly string[];
  /** How intensities became 0 to 1, in free text. */
  readonly normalisation: string;
  /** File of the crops, .npy [N, C, H, W]. */
  readonly crops: string;
  readonly tables: Readonly<Partial<Record<TableName, TableDescription>>> & {
    readonly crops: TableDescription;
  };
  /** The column of the table of splits that training and evaluation use. */
  readonly split?: string | undefined;
  /** File of whole fields of nuclei without a protein, .npz. */
  readonly nucleusFields?: string | undefined;
}

/** Whether a folder is a data set; a folder that is not there is none. */
export async function isDataSet(folder: string): Promise<boolean> {
  return stat(join(folder, descriptionFile)).then(
    (status) => status.isFile(),
    () => false,
  );
}

/** Reads dataset.json. @throws FormatError that names the field; the system's errors. */
export async function readDescription(folder: string): Promise<DataSetDescription> {
  const name = join(folder, descriptionFile);
  const json = parseBoundedJson(await readFile(name), { format: "data set", name });
  const result = schema.safeParse(json);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    const field = path.length === 0 ? "" : ` ${path.join(".")}:`;
    throw new FormatError("data set", `${name}:${field} ${message}`, {
      hint: "correct it as docs/data-set.md says",
    });
  }
  const {
    made_by,
    pixel_size_microns,
    nucleus_fields,
    format: _,
    version: __,
    tables,
    ...rest
  } = result.data;
  return {
    ...rest,
    madeBy: made_by,
    pixelSizeMicrons: pixel_size_microns,
    nucleusFields: nucleus_fields,
    tables: tables as DataSetDescription["tables"],
  };
}

/** dataset.json as text. */
export function describeSet(description: DataSetDescription): string {
  const { name, madeBy, pixelSizeMicrons, nucleusFields, ...rest } = description;
  const { source, licence, channels, normalisation, crops, tables, split } = rest;
  const json = {
    ...{ format: "proteoscope data set", version: dataSetVersion, name, made_by: madeBy, source, licence },
    ...{ pixel_size_microns: pixelSizeMicrons, channels, normalisation, crops, tables, split },
    nucleus_fields: nucleusFields,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Changes dataset.json; it is replaced whole. @throws as `readDescription` does. */
export async function updateDescription(
  folder: string,
  change: (description: DataSetDescription) => DataSetDescription,
): Promise<void> {
  await writeWhole(join(folder, descriptionFile), describeSet(change(await readDescription(folder))));
}
