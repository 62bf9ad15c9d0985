// The parts of a retrieval index as files: features of images and of drawn proteins, with a small picture of each. A part is a
// safetensors file; an index is a folder of parts, so that it is built bit by bit and continued after any end.

import { FormatError, type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";

/** Side of the small pictures in pixels. */
export const thumbnailSide = 48;

/** What an index holds of one image or of one drawn protein. */
export interface IndexItem {
  /** Name within its set, which no other item has. */
  readonly id: string;
  /** "image": from a microscope or a file. "drawn": images that the model generated of a protein. */
  readonly kind: "image" | "drawn";
  /** Name of the protein; null where it is not known. */
  readonly protein: string | null;
  /** What shares its field of view with the item, such as other cells of one image, has the same name here. */
  readonly field: string;
  readonly isSynthetic: boolean;
  /** SHA-256 of what it was made of, in hexadecimal: another one is another item. Null where it is not known. */
  readonly digest: string | null;
  /** Number of cells that the features are the mean of. */
  readonly cells: number;
  /** Features of the image classifier, [width]. */
  readonly features: Float32Array;
  /** Protein and nucleus of the first cell, 255 = 1, [2, 48, 48]. */
  readonly thumbnail: Uint8Array;
}

const format = "retrieval index";
const entriesSchema = z.array(
  z.object({
    id: z.string(),
    kind: z.enum(["image", "drawn"]),
    protein: z.string().nullable(),
    field: z.string(),
    isSynthetic: z.boolean(),
    digest: z.string().nullable().default(null), // older parts have none
    cells: z.int().min(1),
  }),
);

/** The bytes of a part; items have features of one width. */
export function writeIndexPart(items: readonly IndexItem[]): Uint8Array {
  const width = items[0]?.features.length ?? 0;
  const pixels = 2 * thumbnailSide ** 2;
  const features = new Float32Array(items.length * width);
  const thumbnails = new Uint8Array(items.length * pixels);
  for (const [index, item] of items.entries()) {
    features.set(item.features, index * width);
    thumbnails.set(item.thumbnail, index * pixels);
  }
  const entries = items.map(({ features, thumbnail, ...entry }) => entry);
  const count = items.length;
  return writeSafetensors(
    new Map<string, NdArray>([
      ["features", { dtype: "float32", shape: [count, width], data: features }],
      ["thumbnails", { dtype: "uint8", shape: [count, 2, thumbnailSide, thumbnailSide], data: thumbnails }],
    ]),
    { items: JSON.stringify(entries) },
  );
}

/** Reads a part. @throws FormatError for bytes that are none. */
export function readIndexPart(bytes: Uint8Array): IndexItem[] {
  const { tensors, metadata } = readSafetensors(bytes);
  const hint = "remove the file and build the index again: what is missing is made anew";
  const entries = parseEntries(metadata.items);
  const features = tensors.get("features");
  const thumbnails = tensors.get("thumbnails");
  const pixels = 2 * thumbnailSide ** 2;
  if (
    entries === undefined ||
    !(features?.data instanceof Float32Array) ||
    !(thumbnails?.data instanceof Uint8Array) ||
    features.shape[0] !== entries.length ||
    thumbnails.data.length !== entries.length * pixels
  )
    throw new FormatError(format, "the file is no part of an index", { hint });
  const [values, pictures] = [features.data, thumbnails.data];
  const width = entries.length === 0 ? 0 : values.length / entries.length;
  return entries.map((entry, index) => ({
    ...entry,
    features: values.slice(index * width, (index + 1) * width),
    thumbnail: pictures.slice(index * pixels, (index + 1) * pixels),
  }));
}

function parseEntries(text: string | undefined) {
  try {
    return entriesSchema.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}
