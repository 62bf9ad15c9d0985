// A retrieval index on disk: index.json says by which classifier and of what it was made, part-*.safetensors hold the items. A
// part is written whole or not at all, so that building goes on after any end with the items that are missing.

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import {
  cellsOfImage,
  type DrawProteinOptions,
  drawProteinCells,
  type ImagingConstants,
  type IndexItem,
  type IndexSource,
  type MeasuredImageOptions,
  openMicroscope,
  readIndexPart,
  readModel,
  readModelNuclei,
  writeIndexPart,
} from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { z } from "zod";
import { CommandError, exitCodes } from "./cli/errors.ts";
import { writeFileAtomic } from "./cli/output.ts";
import { findImages, imagesOfFile, isNamedSynthetic, readImageOf } from "./image-sets.ts";
import type { NamedProtein } from "./proteins.ts";

/** What an index was made by and of; another of these is another index. */
export interface IndexDescription {
  readonly format: 1;
  /** SHA-256 of the image classifier's weights, in hexadecimal. */
  readonly classifier: string;
  readonly set: string;
  /** Settings of what was generated for it; absent where it holds images alone. */
  readonly settings?: Readonly<Record<string, string | number>> | undefined;
}

const descriptionSchema = z.object({
  format: z.literal(1),
  classifier: z.string(),
  set: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
const descriptionFile = "index.json";
const partName = /^part-\d{5}\.safetensors$/;

/** SHA-256 of the weights of a model's image classifier. */
export async function classifierDigest(folder: FileSource): Promise<string> {
  const bytes = await folder.read("classifier/model.safetensors");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Begins or continues an index. @throws CommandError (usage) where the folder holds another index. */
export async function openIndexFolder(path: string, description: IndexDescription) {
  await mkdir(path, { recursive: true });
  const file = join(path, descriptionFile);
  if (existsSync(file)) {
    const there = await readDescription(path);
    const isSame = (["classifier", "set"] as const).every((key) => there[key] === description[key]);
    if (!isSame || JSON.stringify(there.settings) !== JSON.stringify(description.settings))
      throw new CommandError(
        `${path} is an index of ${there.set} by another classifier or other settings: name another folder`,
        exitCodes.usage,
      );
  } else await writeFileAtomic(file, `${JSON.stringify(description, null, 2)}\n`);
  const parts = (await readdir(path)).filter((name) => partName.test(name));
  const items = await readItems(path, parts);
  let next = parts.length;
  return {
    items,
    async add(part: readonly IndexItem[]): Promise<void> {
      if (part.length === 0) return;
      const name = `part-${String(next++).padStart(5, "0")}.safetensors`;
      await writeFileAtomic(join(path, name), writeIndexPart(part));
      items.push(...part);
    },
  };
}

/** Reads an index with its description. @throws CommandError (not found) where there is none, FormatError. */
export async function readIndexFolder(
  path: string,
): Promise<{ readonly description: IndexDescription; readonly items: readonly IndexItem[] }> {
  if (!existsSync(join(path, descriptionFile)))
    throw new CommandError(
      `${path}: no index there; make one with proteoscope retrieve --build SET -o ${path}`,
      exitCodes.notFound,
    );
  const description = await readDescription(path);
  const parts = (await readdir(path)).filter((name) => partName.test(name));
  return { description, items: await readItems(path, parts) };
}

async function readDescription(path: string): Promise<IndexDescription> {
  try {
    return descriptionSchema.parse(JSON.parse(await readFile(join(path, descriptionFile), "utf8")));
  } catch (cause) {
    throw new CommandError(`${join(path, descriptionFile)} describes no index`, exitCodes.badData, { cause });
  }
}

async function readItems(path: string, parts: readonly string[]): Promise<IndexItem[]> {
  const items: IndexItem[] = [];
  for (const name of [...parts].sort()) items.push(...readIndexPart(await readFile(join(path, name))));
  return items;
}

/** The crops of an atlas folder, or the images of a folder or file; a file's protein is its name up to the first "_". */
export async function imageSources(
  path: string,
  constants: ImagingConstants,
  options: MeasuredImageOptions & { readonly signal: AbortSignal },
): Promise<IndexSource[]> {
  if (existsSync(join(path, "crops.csv"))) return atlasSources(path, constants);
  const sources: IndexSource[] = [];
  for (const file of (await findImages(path)).files) {
    const images = await imagesOfFile(file.path, file.name, options.signal).catch(() => [
      { ...file, series: 0 }, // what is wrong with it is said when it is read
    ]);
    for (const image of images)
      sources.push({
        ...{ id: image.name, kind: "image", protein: file.name.split("_", 1)[0]!, field: file.name },
        isSynthetic: isNamedSynthetic(file.path),
        read: async () =>
          cellsOfImage(await readImageOf(image, options), constants).map(({ planes }) => planes),
      });
  }
  return sources;
}

async function atlasSources(path: string, { cropPixels }: ImagingConstants): Promise<IndexSource[]> {
  const { openCropPixels, readCrops, simulatedSource } = await import("@proteoscope/lab");
  const [{ crops }, pixels] = [await readCrops(path), await openCropPixels(path, { isCached: false })];
  if (pixels.height !== cropPixels || pixels.width !== cropPixels)
    throw new CommandError(
      `${path} holds crops of ${pixels.height} x ${pixels.width} pixels, the model takes ${cropPixels}`,
      exitCodes.badData,
    );
  return crops
    .filter(({ isBlend }) => !isBlend)
    .map(({ index, gene, uniprot, source, fieldOfView }) => ({
      ...{ id: `crop${index}`, kind: "image", protein: gene ?? uniprot ?? null, field: fieldOfView },
      isSynthetic: source === simulatedSource,
      read: async () => [(await pixels.read(index)).data],
    }));
}

/** Proteins, each of which the model generates when it is read. */
export async function proteinSources(
  runtime: Runtime,
  folder: FileSource,
  proteins: readonly NamedProtein[],
  options: DrawProteinOptions,
): Promise<IndexSource[]> {
  const microscope = openMicroscope(runtime, await readModel(folder));
  const library = await readModelNuclei(folder);
  return proteins.map((protein) => ({
    ...{ id: `drawn ${protein.id}`, kind: "drawn", protein: protein.gene ?? protein.id },
    ...{ field: `drawn ${protein.id}`, isSynthetic: true },
    read: () => drawProteinCells(microscope, library, protein, options),
  }));
}
