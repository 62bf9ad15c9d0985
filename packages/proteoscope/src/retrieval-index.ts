// A retrieval index on disk: index.json says by which classifier and of what it was made, part-*.safetensors hold the items. A
// part is written whole or not at all, so that building goes on after any end with the items that are missing. Items are known
// by a digest of what they were made of: those of what has changed or is gone are removed.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { type ImagingConstants, openMicroscope, readModel, readModelNuclei } from "@proteoscope/microscope";
import {
  cellsOfImage,
  type DrawProteinOptions,
  drawProteinCells,
  type IndexItem,
  type IndexSource,
  type MeasuredImageOptions,
  readIndexPart,
  writeIndexPart,
} from "@proteoscope/microscope/experiments";
import type { FileSource } from "@proteoscope/models";
import { z } from "zod";
import { CommandError, exitCodes } from "./cli/errors.ts";
import { writeFileAtomic } from "./cli/output.ts";
import { digestImageFile, findImages, imagesOfFile, isNamedSynthetic, readImageOf } from "./image-sets.ts";
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
    const differences = listDifferences(await readDescription(path), description);
    if (differences.length > 0)
      throw new CommandError(
        `${path} is an index ${differences.join(", ")}: name another folder with -o`,
        exitCodes.usage,
      );
  } else await writeFileAtomic(file, `${JSON.stringify(description, null, 2)}\n`);
  const parts = await readParts(path, description.set);
  const last = [...parts.keys()].at(-1);
  let next = last === undefined ? 0 : Number(/\d+/.exec(last)![0]) + 1;
  return {
    items: (): IndexItem[] => [...parts.values()].flat(),
    /** Removes the items that are of none of the sources. Returns their number, and the sources without an item. */
    async update(sources: readonly IndexSource[]) {
      const current = new Set(sources.flatMap(itemKey));
      const before = [...parts.values()].flat().length;
      for (const [name, part] of parts) {
        const kept = part.filter((item) => itemKey(item).some((key) => current.has(key)));
        if (kept.length === part.length) continue;
        if (kept.length > 0) await writeFileAtomic(join(path, name), writeIndexPart(kept));
        else await rm(join(path, name));
        parts.set(name, kept);
      }
      const items = [...parts.values()].flat();
      const finished = new Set(items.flatMap(itemKey));
      const missing = sources.filter((source) => !itemKey(source).some((key) => finished.has(key)));
      return { removed: before - items.length, missing };
    },
    async add(part: readonly IndexItem[]): Promise<void> {
      if (part.length === 0) return;
      const name = `part-${String(next++).padStart(5, "0")}.safetensors`;
      await writeFileAtomic(join(path, name), writeIndexPart(part));
      parts.set(name, part);
    },
  };
}

/** In what the index that is there differs from the one that is wanted, in words. */
function listDifferences(there: IndexDescription, wanted: IndexDescription): string[] {
  const differences: string[] = [];
  if (there.set !== wanted.set) differences.push(`of ${there.set}, not of ${wanted.set}`);
  if (there.classifier !== wanted.classifier) differences.push("by the classifier of another --model");
  const [old, now] = [there.settings, wanted.settings];
  if ((old === undefined) !== (now === undefined))
    differences.push(old === undefined ? "of images, not of proteins" : "of proteins, not of images");
  else
    for (const key of Object.keys({ ...old, ...now }))
      if (old?.[key] !== now?.[key])
        differences.push(`with --${key} ${old?.[key] ?? "unset"}, not ${now?.[key] ?? "unset"}`);
  return differences;
}

/** By what an item is known again: nothing where its digest is not known. */
function itemKey({ id, digest }: Pick<IndexItem, "id" | "digest">): string[] {
  return digest === null ? [] : [`${digest} ${id}`];
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
  return { description, items: [...(await readParts(path, description.set)).values()].flat() };
}

async function readDescription(path: string): Promise<IndexDescription> {
  try {
    return descriptionSchema.parse(JSON.parse(await readFile(join(path, descriptionFile), "utf8")));
  } catch (cause) {
    throw new CommandError(`${join(path, descriptionFile)} describes no index`, exitCodes.badData, { cause });
  }
}

/** The items of every part, by the name of its file. @throws CommandError (bad data) that names a part that is damaged. */
async function readParts(path: string, set: string): Promise<Map<string, readonly IndexItem[]>> {
  const parts = new Map<string, readonly IndexItem[]>();
  for (const name of (await readdir(path)).filter((name) => partName.test(name)).sort())
    try {
      parts.set(name, readIndexPart(await readFile(join(path, name))));
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      const remedy = `delete it and build the index again: proteoscope retrieve --build ${set} -o ${path}`;
      const message = `${join(path, name)}: a damaged part of the index (${cause.what}); ${remedy}`;
      throw new CommandError(message, exitCodes.badData, { cause });
    }
  return parts;
}

function sha256Of(...data: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const one of data) hash.update(one);
  return hash.digest("hex");
}

/** The crops of an atlas folder, or the images of a folder or file; a file's protein is its name up to the first "_". */
export async function imageSources(
  path: string,
  constants: ImagingConstants,
  options: MeasuredImageOptions & { readonly signal: AbortSignal },
): Promise<IndexSource[]> {
  const { signal, ...settings } = options;
  if (existsSync(join(path, "crops.csv"))) return atlasSources(path, constants, signal);
  const sources: IndexSource[] = [];
  for (const file of (await findImages(path)).files) {
    signal.throwIfAborted();
    // What is wrong with a file is said when it is read.
    const images = await imagesOfFile(file.path, file.name, signal).catch(() => [{ ...file, series: 0 }]);
    const content = await digestImageFile(file.path).catch(() => null);
    for (const image of images)
      sources.push({
        ...{ id: image.name, kind: "image", protein: file.name.split("_", 1)[0]!, field: file.name },
        ...{ isSynthetic: isNamedSynthetic(file.path), path: file.path },
        digest: content && sha256Of(content, JSON.stringify(settings)),
        read: async () =>
          cellsOfImage(await readImageOf(image, options), constants).map(({ planes }) => planes),
      });
  }
  return sources;
}

async function atlasSources(
  path: string,
  { cropPixels }: ImagingConstants,
  signal: AbortSignal,
): Promise<IndexSource[]> {
  const { openCropPixels, readCrops, simulatedSource } = await import("@proteoscope/lab");
  const [{ crops }, pixels] = [await readCrops(path), await openCropPixels(path, { isCached: false })];
  if (pixels.height !== cropPixels || pixels.width !== cropPixels)
    throw new CommandError(
      `${path} holds crops of ${pixels.height} x ${pixels.width} pixels, the model takes ${cropPixels}`,
      exitCodes.badData,
    );
  const sources: IndexSource[] = [];
  for (const crop of crops.filter(({ isBlend }) => !isBlend)) {
    signal.throwIfAborted();
    const { index, gene, uniprot, source, fieldOfView } = crop;
    const read = async () => [(await pixels.read(index)).data];
    const digest = await read().then(
      ([data]) =>
        sha256Of(JSON.stringify(crop), new Uint8Array(data!.buffer, data!.byteOffset, data!.byteLength)),
      () => null, // what is wrong with it is said when it is read
    );
    sources.push({
      ...{ id: `crop${index}`, kind: "image", protein: gene ?? uniprot ?? null, field: fieldOfView },
      isSynthetic: source === simulatedSource,
      ...{ digest, read },
    });
  }
  return sources;
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
    digest: sha256Of(JSON.stringify([protein.gene ?? null, protein.sequence])),
    read: () => drawProteinCells(microscope, library, protein, options),
  }));
}
