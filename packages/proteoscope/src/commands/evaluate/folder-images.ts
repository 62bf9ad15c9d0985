// Folders of images as sets of cells: pictures in any format that `compare` reads, or the crops of an atlas folder. A table
// images.csv beside the pictures (name, protein, compartment) says what is known of them.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readCsv } from "@proteoscope/formats";
import type { ImagePair, ImageSet, PairSet, SetImage } from "@proteoscope/lab";
import type { ImagingConstants } from "@proteoscope/microscope";
import { cellsOfImage, type MeasuredImageOptions } from "@proteoscope/microscope/experiments";
import { CommandError, describeFailure, exitCodes } from "../../cli/errors.ts";
import { findImages, imagesOfFile, type NamedImage, readImageOf } from "../../image-sets.ts";

/** Whether a folder is a data set, or holds the crops of an atlas. */
export function isAtlas(folder: string): boolean {
  if (existsSync(join(folder, "dataset.json"))) return true;
  return ["crops.csv", "crops_u8.npy"].every((name) => existsSync(join(folder, name)));
}

/** A set, and the pictures that were left out, by name, after it was read. */
export interface FolderImages extends ImageSet {
  readonly refused: Map<string, string>;
  /** Whether the images are crops of an atlas folder. */
  readonly isNumbered: boolean;
  /** Side of the images in pixels. */
  readonly side: number;
}

/** Opens a folder. @throws CommandError (not found, bad data) where there is none, or none of its files is an image */
export async function openFolderImages(
  folder: string,
  constants: ImagingConstants,
  options: MeasuredImageOptions & { readonly signal: AbortSignal },
): Promise<FolderImages> {
  if (isAtlas(folder)) return { ...(await atlasSet(folder)), refused: new Map(), isNumbered: true };
  const { files } = await findImages(folder);
  const known = await readKnown(folder);
  const refused = new Map<string, string>();
  const attempt = async <T>(name: string, work: () => Promise<T[]>): Promise<T[]> => {
    try {
      return await work();
    } catch (error) {
      options.signal.throwIfAborted();
      refused.set(name, describeFailure(error).message);
      return [];
    }
  };
  const images: NamedImage[] = [];
  for (const { name, path } of files)
    images.push(...(await attempt(name, () => imagesOfFile(path, name, options.signal))));
  return {
    ...{ name: folder, count: images.length, refused, isNumbered: false, side: constants.cropPixels },
    async *read() {
      for (const image of images)
        yield* await attempt(image.name, async () => cellsOf(image, known, constants, options));
    },
  };
}

async function atlasSet(folder: string): Promise<ImageSet & { readonly side: number }> {
  const { atlasImages, openCropPixels, readCrops } = await import("@proteoscope/lab");
  const pixels = await openCropPixels(folder, { isCached: false });
  const crops = (await readCrops(folder)).crops.filter(({ isBlend }) => !isBlend); // averages of two are no cells
  const isHeldOut = crops.some(({ split }) => split !== "train");
  const unseenCrops = crops.filter(({ split }) => !isHeldOut || split !== "train");
  return { ...atlasImages(folder, crops, { unseenCrops }, pixels), side: pixels.height };
}

type Known = ReadonlyMap<string, { readonly protein: string; readonly compartment: string }>;

async function readKnown(folder: string): Promise<Known> {
  const path = join(folder, "images.csv");
  if (!existsSync(path)) return new Map();
  const rows = readCsv(await readFile(path, "utf8"), { name: path, requireColumns: ["name"] });
  return new Map(rows.map(({ name, protein = "", compartment = "" }) => [name!, { protein, compartment }]));
}

async function cellsOf(
  image: NamedImage,
  known: Known,
  constants: ImagingConstants,
  options: MeasuredImageOptions,
): Promise<SetImage[]> {
  const { labelOfCompartment } = await import("@proteoscope/lab");
  const { protein = "", compartment = "" } = known.get(image.name) ?? {};
  const cells = cellsOfImage(await readImageOf(image, options), constants);
  if (cells.length === 0)
    throw new CommandError(
      "no cell was found: it needs a channel of nuclei and a pixel size (--nucleus-channel, --pixel-size)",
      exitCodes.badData,
    );
  const side = constants.cropPixels;
  const plane = (planes: Float32Array, channel: number) =>
    planes.subarray(channel * side * side, (channel + 1) * side * side);
  return cells.map(({ planes }, index) => ({
    id: cells.length === 1 ? image.name : `${image.name}#${index}`,
    protein: protein === "" ? image.name : protein,
    label: compartment === "" ? undefined : labelOfCompartment(compartment),
    field: image.name,
    planes: { side, protein: plane(planes, 0), nucleus: plane(planes, 1), distance: plane(planes, 2) },
  }));
}

/**
 * Images of two folders that have one name, as pairs around one nucleus; undefined where there are none. Crops of atlas
 * folders have numbers for names: they are pairs where both folders hold as many.
 */
export async function pairFolders(real: FolderImages, generated: FolderImages): Promise<PairSet | undefined> {
  if ((real.isNumbered || generated.isNumbered) && real.count !== generated.count) return undefined;
  const ids = async (set: ImageSet) => {
    const found = new Map<string, string>();
    for await (const { id, protein } of set.list?.() ?? set.read()) found.set(id, protein);
    return found;
  };
  const [ofReal, ofGenerated] = [await ids(real), await ids(generated)];
  const common = new Set([...ofReal.keys()].filter((id) => ofGenerated.has(id)));
  if (common.size === 0) return undefined;
  return { count: common.size, read: () => readPairs(real, generated, common) };
}

/** The floor of a pair is the generated image of the pair before it that is of another protein. */
async function* readPairs(
  real: ImageSet,
  generated: ImageSet,
  common: ReadonlySet<string>,
): AsyncGenerator<ImagePair> {
  const waiting = new Map<string, SetImage>();
  const others = generated.read()[Symbol.asyncIterator]();
  let last: SetImage | undefined;
  for await (const { id, protein, label, field, planes } of real.read()) {
    if (!common.has(id)) continue;
    while (!waiting.has(id)) {
      const next = await others.next();
      if (next.done) break;
      if (common.has(next.value.id)) waiting.set(next.value.id, next.value);
    }
    const counterpart = waiting.get(id);
    if (counterpart === undefined) continue;
    waiting.delete(id);
    const isOther = last !== undefined && last.protein !== counterpart.protein;
    yield {
      ...{ id, protein, label, field, real: planes, generated: counterpart.planes, isSeen: undefined },
      bounds: isOther ? { "another protein": last!.planes } : {},
    };
    last = counterpart;
  }
}
