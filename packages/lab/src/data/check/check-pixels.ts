// Every crop of a data set: that masks are masks, that channels are not empty, that no crop is there twice, and that the nucleus
// channel shows the nuclei. Where nuclei are darker than what is around them in the nucleus channel, and brighter in the
// protein channel, the two were swapped.

import { createHash } from "node:crypto";
import type { WorkOptions } from "@proteoscope/microscope";
import type { DataSetDescription } from "../dataset/description.ts";
import type { CropStore } from "../dataset/pixels.ts";
import type { Findings } from "./findings.ts";

/** A crop and the row that names it. */
export interface CheckedCrop {
  readonly index: number;
  readonly row: number;
  readonly field: string;
  /** A crop that its row leaves out may be of any kind. */
  readonly isExcluded: boolean;
}

/** What is known of the crops. */
export interface PixelContext {
  readonly findings: Findings;
  /** Rows of the table of fields; an import writes how well each channel segments. */
  readonly fields: ReadonlyMap<string, { readonly cells: Readonly<Record<string, string>> }>;
  readonly description: DataSetDescription;
}

/** A DNA stain is above it on real fields; a protein around the nuclei is far below. */
const leastContrast = 0.75;
/** How much better than the nucleus channel the protein channel must segment into nuclei to be taken for it. */
const leastScoreGain = 0.25;

const bins = 64;

/** Checks every crop of the store that a row names. @throws the signal's reason. */
export async function checkPixels(
  store: CropStore,
  crops: readonly CheckedCrop[],
  { findings, fields, description }: PixelContext,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const { crops: storeFile, tables } = description;
  const contrasts = new Map<string, FieldContrast>();
  const seen = new Map<string, CheckedCrop>();
  const used = crops.filter(({ isExcluded }) => !isExcluded);
  for (const [done, crop] of used.entries()) {
    signal.throwIfAborted();
    const planes = await store.read(crop.index);
    const problem = (column: string, message: string) =>
      findings.problem({ file: storeFile, row: crop.row, column, message: `crop ${crop.index} ${message}` });
    checkChannels(planes, store, problem);
    const key = createHash("sha1").update(planes).digest("base64");
    const first = seen.get(key);
    if (first === undefined) seen.set(key, crop);
    else
      findings.warning({
        ...{ file: tables.crops.file, row: crop.row, column: "index" },
        message: `crop ${crop.index} of field ${crop.field} has the pixels of crop ${first.index} of field ${first.field}`,
      });
    const contrast = contrasts.get(crop.field) ?? createContrast();
    contrasts.set(crop.field, contrast);
    addContrast(contrast, planes, store);
    if (done % 64 === 63)
      onProgress?.({ phase: "check crops", done: done + 1, total: used.length, unit: "crops" });
  }
  for (const [field, contrast] of contrasts) {
    const reason = swapOf(contrast) ?? swapOfScores(fields.get(field)?.cells);
    if (reason !== undefined)
      findings.problem({
        ...{ file: tables.fields?.file ?? tables.crops.file, column: "nucleus" },
        message: `field ${field}: the channels nucleus and protein seem to be swapped: ${reason}`,
      });
  }
}

function checkChannels(
  planes: Uint8Array | Uint16Array,
  { channels, height, width, maximum }: CropStore,
  problem: (column: string, message: string) => void,
): void {
  const plane = height * width;
  for (const [at, channel] of channels.entries()) {
    const values = planes.subarray(at * plane, (at + 1) * plane);
    if (channel === "nuclear_mask") {
      const wrong = values.find((value) => value !== 0 && value !== maximum);
      if (wrong !== undefined) problem(channel, `holds ${wrong}, which is neither 0 nor ${maximum}`);
      if (!values.some((value) => value > 0)) problem(channel, "shows no nucleus");
    } else if (channel === "protein" || channel === "nucleus") {
      const [first] = values;
      if (values.every((value) => value === first)) problem(channel, `is ${first} at every pixel`);
    }
  }
}

/** Histograms of protein and nucleus, inside and outside of nuclei: [protein in, out, nucleus in, out] of `bins` each. */
type FieldContrast = Uint32Array;

const createContrast = (): FieldContrast => new Uint32Array(4 * bins);

function addContrast(contrast: FieldContrast, planes: Uint8Array | Uint16Array, store: CropStore): void {
  const { channels, height, width, maximum } = store;
  const plane = height * width;
  const mask = channels.indexOf("nuclear_mask") * plane;
  for (const [part, channel] of ["protein", "nucleus"].entries()) {
    const start = channels.indexOf(channel) * plane;
    if (start < 0) continue;
    for (let pixel = 0; pixel < plane; pixel++) {
      const bin = Math.min(bins - 1, Math.floor((planes[start + pixel]! * bins) / maximum));
      contrast[(2 * part + (planes[mask + pixel] === 0 ? 1 : 0)) * bins + bin]! += 1;
    }
  }
}

/** The probability that a pixel inside nuclei is brighter than one outside, ties halved (area under the ROC curve). */
export function brighterInside(inside: ArrayLike<number>, outside: ArrayLike<number>): number {
  let [below, area, insideTotal] = [0, 0, 0];
  for (let bin = 0; bin < inside.length; bin++) {
    area += inside[bin]! * (below + outside[bin]! / 2);
    below += outside[bin]!;
    insideTotal += inside[bin]!;
  }
  return below * insideTotal === 0 ? 0.5 : area / (below * insideTotal);
}

function swapOf(contrast: FieldContrast): string | undefined {
  const part = (at: number) => contrast.subarray(at * bins, (at + 1) * bins);
  const [protein, nucleus] = [brighterInside(part(0), part(1)), brighterInside(part(2), part(3))];
  if (nucleus >= leastContrast || protein <= nucleus) return undefined;
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  return `a pixel inside nuclei is brighter than one outside in ${percent(nucleus)} of cases in nucleus, in ${percent(protein)} in protein`;
}

/** What an import measured of the whole field: how well each channel falls into round objects of the size of nuclei. */
function swapOfScores(cells: Readonly<Record<string, string>> | undefined): string | undefined {
  const [nucleus, protein] = [cells?.nucleus_score, cells?.protein_score].map((cell) =>
    cell ? Number(cell) : Number.NaN,
  ) as [number, number];
  if (!(protein > nucleus + leastScoreGain)) return undefined;
  return `nucleus falls into nuclei with a score of ${nucleus}, protein with ${protein}`;
}
