// The images that a path names, for commands that take several: a file, a folder of files, or the output folder of
// `generate`, of which those files are taken that hold the protein's channel as numbers.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { printable } from "@proteoscope/formats";
import {
  type ImagePair,
  type MeasuredImage,
  type MeasuredImageOptions,
  readMeasuredImage,
} from "@proteoscope/microscope/experiments";
import { hashFile } from "@proteoscope/models/node";
import { CommandError, exitCodes } from "./cli/errors.ts";
import { openImageFile } from "./image-file.ts";

/** One image of a file: which file, which of its images, and the name by which it is paired. */
export interface NamedImage {
  readonly name: string;
  readonly path: string;
  readonly series: number;
}

/** The image files of a folder, or the file that is named. */
export interface ImageSet {
  readonly path: string;
  readonly isFolder: boolean;
  /** Name by which it is paired, and path. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

const imageEnding = /(\.ome)?\.(tiff?|png|npy|zarr)$/i;

/** What `generate` writes of a protein's channel, the most complete first; its other files are pictures of them. */
const generatedEndings = ["_synthetic.ome.tiff", "_synthetic.ome.zarr", "_protein_synthetic.png"];

/** Finds the images of a path. @throws CommandError (not found, bad data), the system's errors. */
export async function findImages(path: string): Promise<ImageSet> {
  if (!existsSync(path))
    throw new CommandError(`${printable(path)}: no such file or folder`, exitCodes.notFound);
  const isFolder = (await stat(path)).isDirectory() && !isZarr(path);
  if (!isFolder) return { path, isFolder, files: [{ name: stem(basename(path)), path }] };
  const names = (await readdir(path)).sort();
  const isRun = names.some((name) => name.endsWith("_provenance.json"));
  const ending = isRun ? generatedEndings.find((end) => names.some((name) => name.endsWith(end))) : undefined;
  const chosen = names.filter((name) =>
    ending === undefined ? imageEnding.test(name) : name.endsWith(ending),
  );
  if (chosen.length === 0)
    throw new CommandError(`${path}: holds no TIFF, PNG, npy or OME-Zarr`, exitCodes.badData);
  const files = chosen.map((name) => ({
    name: ending === undefined ? stem(name) : name.slice(0, -ending.length),
    path: join(path, name),
  }));
  return { path, isFolder, files };
}

function isZarr(path: string): boolean {
  return ["zarr.json", ".zgroup", ".zarray"].some((name) => existsSync(join(path, name)));
}

function stem(name: string): string {
  return name.replace(imageEnding, "");
}

/** Whether a file says in its name that its picture was generated, as all do that this program writes. */
export function isNamedSynthetic(path: string): boolean {
  return /synthetic/i.test(basename(path));
}

/** SHA-256 of an image file in hexadecimal; of an OME-Zarr, of its files' digests and names. @throws the system's errors. */
export async function digestImageFile(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return hashFile(path);
  const hash = createHash("sha256");
  for (const entry of (await readdir(path, { recursive: true })).sort()) {
    const file = join(path, entry);
    if ((await stat(file)).isFile()) hash.update(`${await hashFile(file)}  ${entry}\n`);
  }
  return hash.digest("hex");
}

/** Reads one image of a file. @throws FormatError and ProteoscopeError that name the path. */
export async function readImageOf(
  { path, series }: Omit<NamedImage, "name">,
  options: MeasuredImageOptions,
): Promise<MeasuredImage> {
  const { stack } = await openImageFile(path, { signal: options.signal, series });
  return { ...(await readMeasuredImage(stack, options)), isSynthetic: isNamedSynthetic(path) };
}

/** The images of a file that show a protein, without a label image: several samples are several images. */
export async function imagesOfFile(path: string, name: string, signal: AbortSignal): Promise<NamedImage[]> {
  const { stack } = await openImageFile(path, { signal });
  const { count } = stack.series;
  const images: NamedImage[] = [];
  for (let series = 0; series < count; series++) {
    const { channelNames } = series === 0 ? stack : (await openImageFile(path, { signal, series })).stack;
    if (channelNames.length === 1 && channelNames[0] === "nuclei") continue;
    images.push({ name: count === 1 ? name : `${name}#${series}`, path, series });
  }
  return images.length === 1 ? [{ ...images[0]!, name }] : images;
}

/** Pairs of two sets, and what has no counterpart. */
export interface PairedSets {
  readonly pairs: readonly ImagePair[];
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  /** Files that cannot be opened, by name. */
  readonly refused: readonly { readonly name: string; readonly error: unknown }[];
}

/** Pairs two files, or the files of two folders by their names. @throws CommandError (usage, bad data). */
export async function pairSets(
  a: ImageSet,
  b: ImageSet,
  optionsA: MeasuredImageOptions,
  optionsB: MeasuredImageOptions,
  signal: AbortSignal,
): Promise<PairedSets> {
  if (a.isFolder !== b.isFolder)
    throw new CommandError(`${a.path} and ${b.path}: give two images or two folders`, exitCodes.usage);
  const filesOfB = new Map(b.files.map((file) => [file.name, file.path]));
  const pairs: ImagePair[] = [];
  const refused: PairedSets["refused"][number][] = [];
  for (const { name, path } of a.files) {
    const other = a.isFolder ? filesOfB.get(name) : b.files[0]!.path;
    if (other === undefined) continue;
    try {
      const imagesOfB = await imagesOfFile(other, name, signal);
      for (const [index, image] of (await imagesOfFile(path, name, signal)).entries()) {
        const counterpart = imagesOfB[index];
        if (counterpart === undefined) continue;
        pairs.push({
          name: image.name,
          readA: () => readImageOf(image, optionsA),
          readB: () => readImageOf(counterpart, optionsB),
        });
      }
    } catch (error) {
      signal.throwIfAborted();
      refused.push({ name, error });
    }
  }
  const namesOfA = new Set(a.files.map(({ name }) => name));
  const onlyInA = a.isFolder ? [...namesOfA].filter((name) => !filesOfB.has(name)) : [];
  const onlyInB = a.isFolder ? [...filesOfB.keys()].filter((name) => !namesOfA.has(name)) : [];
  if (pairs.length === 0 && refused.length === 0)
    throw new CommandError(`no image of ${a.path} has the name of one of ${b.path}`, exitCodes.badData);
  return { pairs, onlyInA, onlyInB, refused };
}
