// One field of view as crops: its channels brought to one pixel size, nuclei segmented in the nucleus channel, a square around
// each, intensities scaled by the percentiles of the field, and figures by which bad crops are known.

import { readFile, stat } from "node:fs/promises";
import { FormatError, type ImageStack, openImage, selectPlane } from "@proteoscope/formats";
import { folderStore } from "@proteoscope/formats/node";
import {
  copyWindow,
  cutCrop,
  type Nucleus,
  type NucleusCrop,
  NucleusError,
  percentiles,
  readField,
  resamplePlane,
  type SegmentedField,
  segmentNuclei,
  wholeNuclei,
} from "@proteoscope/imaging";
import type { FieldRow } from "./image-table.ts";
import { nuclearScore } from "./nuclear-score.ts";
import type { Cells } from "./set-writer.ts";

/** What the crops are to be like. */
export interface CutOptions {
  readonly pixelSizeMicrons: number;
  readonly cropPixels: number;
  /** Channels of the store, in its order. */
  readonly channels: readonly string[];
  /** Pixel size where neither the table nor the file says one. */
  readonly defaultPixelSizeMicrons?: number | undefined;
  /** One crop per image, of the nucleus in its middle. */
  readonly isCentred?: boolean;
  readonly signal: AbortSignal;
}

/** The crops of a field. */
export interface CutField {
  /** [crops, C, S, S] */
  readonly planes: Uint8Array;
  /** A row of the table of crops for each. */
  readonly crops: readonly Cells[];
  /** Measured of the field, for the table of fields. */
  readonly field: Cells;
  readonly warnings: readonly string[];
}

/** Columns of the table of crops that are measured. */
export const measuredColumns = [
  ...["x", "y", "nucleus_diameter_microns", "nucleus_solidity", "nuclei", "nucleus_contrast", "sharpness"],
  ...["protein_mean", "protein_saturated", "padded", "quality"],
];

/** Reads and cuts a field. @throws FormatError, NucleusError, ImageSelectionError: this field cannot be imported. */
export async function cutField(row: FieldRow, options: CutOptions): Promise<CutField> {
  const { pixelSizeMicrons: modelPixelSizeMicrons, cropPixels, channels, signal } = options;
  const open = openOnce();
  const nucleusSource = row.channels.get("nucleus")!;
  const stack = await open(nucleusSource.path);
  const size = choosePixelSize(row, stack, options);
  const reading = { pixelSizeMicrons: size.microns, modelPixelSizeMicrons, cropPixels, signal };
  const field = await readField(stack, { ...reading, nucleusChannel: nucleusSource.channel }).catch(
    (error: unknown) => refuseSwapped(error, row, open, reading),
  );
  const planes = new Map<string, Float32Array>([["nucleus", field.stain]]);
  for (const channel of channels) {
    const source = row.channels.get(channel);
    if (channel === "nucleus" || channel === "nuclear_mask" || source === undefined) continue;
    const other = await open(source.path);
    if (other.width !== stack.width || other.height !== stack.height)
      throw new FormatError(
        "images",
        `${source.path} is ${other.width} x ${other.height}, the nucleus ${stack.width} x ${stack.height} pixels`,
        {
          hint: "give channels of one size",
        },
      );
    const z = other.sizeZ === stack.sizeZ ? field.selection.z : undefined;
    const { values } = await selectPlane(other, { channel: source.channel, z, signal });
    planes.set(channel, normalizePlane(resamplePlane(values, stack, field.fieldSize), source.path));
  }
  const nuclei = options.isCentred ? [central(field)] : wholeNuclei(field);
  const cuts = nuclei.map((nucleus) => cutCrop(field, nucleus, { cropPixels }));
  return {
    planes: pack(cuts, planes, field, options),
    crops: cuts.map((cut) => measure(cut, planes.get("protein"), field)),
    field: {
      pixel_size_microns: size.microns,
      nuclei: field.segmentation.nuclei.length,
      nucleus_score: score(field.stain, field).toFixed(3),
      protein_score: planes.has("protein") ? score(planes.get("protein")!, field).toFixed(3) : "",
    },
    warnings: size.warnings,
  };
}

/** Where the nucleus channel has no nuclei, but the protein channel does, the two are swapped. */
export class SwappedChannelsError extends Error {
  override readonly name = "SwappedChannelsError";
}

const leastNuclearScore = 0.6;

async function refuseSwapped(
  cause: unknown,
  { channels }: FieldRow,
  open: (path: string) => Promise<ImageStack>,
  reading: Parameters<typeof readField>[1],
): Promise<never> {
  const protein = channels.get("protein");
  if (!(cause instanceof NucleusError) || cause.problem !== "no-nuclei" || protein === undefined) throw cause;
  const other = await readField(await open(protein.path), {
    ...reading,
    nucleusChannel: protein.channel,
  }).catch(() => {});
  if (other === undefined || nuclearScore(other.segmentation) < leastNuclearScore) throw cause;
  const count = other.segmentation.nuclei.length;
  throw new SwappedChannelsError(
    `the channels nucleus and protein seem to be swapped: nucleus has no nuclei, protein has ${count}`,
    { cause },
  );
}

/** Opens each file once. */
function openOnce(): (path: string) => Promise<ImageStack> {
  const stacks = new Map<string, Promise<ImageStack>>();
  const open = async (path: string) => {
    const isFolder = (await stat(path)).isDirectory();
    return openImage(isFolder ? folderStore(path) : await readFile(path), { name: path });
  };
  return (path) => {
    const stack = stacks.get(path) ?? open(path);
    stacks.set(path, stack);
    return stack;
  };
}

/** The table's pixel size goes before the file's, the file's before the default. */
function choosePixelSize(row: FieldRow, stack: ImageStack, { defaultPixelSizeMicrons }: CutOptions) {
  const microns = row.pixelSizeMicrons ?? stack.pixelSizeMicrons ?? defaultPixelSizeMicrons;
  if (microns === undefined)
    throw new FormatError(
      "images",
      `${row.field}: neither the file nor the table says how large a pixel is`,
      {
        hint: "give a column pixel_size_microns, or --source-pixel-size",
      },
    );
  const said = stack.pixelSizeMicrons;
  const differs = said !== undefined && Math.abs(microns / said - 1) > 0.02;
  const warnings = differs
    ? [`field ${row.field}: the table says ${microns} um per pixel, the file ${said}; the table counts`]
    : [];
  return { microns, warnings };
}

/** Scales a field to [0, 1] by its 1st and 99.8th percentile. */
function normalizePlane(plane: Float32Array, name: string): Float32Array {
  if (!plane.every(Number.isFinite))
    throw new FormatError("images", `${name} holds a value that is no number`);
  const [low, high] = percentiles(plane, [1, 99.8]) as [number, number];
  if (!(high > low))
    throw new FormatError("images", `${name} is ${low} at nearly every pixel`, {
      hint: "choose another channel",
    });
  return plane.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low))));
}

function central(field: SegmentedField): Nucleus {
  const { width, height } = field.fieldSize;
  const distanceOf = ({ centre }: Nucleus) => Math.hypot(centre.x - width / 2, centre.y - height / 2);
  return field.segmentation.nuclei.reduce((best, nucleus) =>
    distanceOf(nucleus) < distanceOf(best) ? nucleus : best,
  );
}

function score(
  plane: Float32Array,
  { fieldSize, pixelSizeMicrons, stain, segmentation }: SegmentedField,
): number {
  return nuclearScore(
    plane === stain ? segmentation : segmentNuclei(plane, { ...fieldSize, pixelSizeMicrons }),
  );
}

/** [crops, C, S, S]; a channel that a field lacks is 0. */
function pack(
  cuts: readonly NucleusCrop[],
  planes: ReadonlyMap<string, Float32Array>,
  { fieldSize }: SegmentedField,
  { channels, cropPixels: side }: CutOptions,
): Uint8Array {
  const plane = side * side;
  const bytes = new Uint8Array(cuts.length * channels.length * plane);
  const window = new Float32Array(plane);
  for (const [number, cut] of cuts.entries())
    for (const [at, channel] of channels.entries()) {
      const start = (number * channels.length + at) * plane;
      if (channel === "nuclear_mask") {
        for (let pixel = 0; pixel < plane; pixel++) bytes[start + pixel] = cut.mask[pixel] === 0 ? 0 : 255;
        continue;
      }
      const values = planes.get(channel);
      if (values === undefined) continue;
      window.fill(0);
      copyWindow(values, fieldSize, cut.origin, side, window);
      for (let pixel = 0; pixel < plane; pixel++) bytes[start + pixel] = window[pixel]! * 255 + 0.5;
    }
  return bytes;
}

/** The figures of a crop; quality is the product of terms of which each is 1 for a good crop (docs/data-set.md). */
function measure(cut: NucleusCrop, protein: Float32Array | undefined, { fieldSize }: SegmentedField): Cells {
  const { mask, nucleus, centralNucleus, origin, padding } = cut;
  const side = Math.sqrt(mask.length);
  const window = new Float32Array(mask.length);
  if (protein !== undefined) copyWindow(protein, fieldSize, origin, side, window);
  const contrast = meanWhere(nucleus, mask, true) - meanWhere(nucleus, mask, false);
  const saturated = window.filter((value) => value >= 0.999).length / window.length;
  const sharpness = sharpnessOf(nucleus, side);
  const shown = (side - padding.left - padding.right) * (side - padding.top - padding.bottom);
  const padded = 1 - shown / side ** 2;
  const quality =
    Math.min(1, Math.max(0, contrast) / 0.3) *
    Math.min(1, Math.max(0, centralNucleus.solidity - 0.7) / 0.2) *
    (centralNucleus.touchesBorder ? 0.5 : 1) *
    (1 - Math.min(1, saturated / 0.2)) *
    (1 - padded);
  return {
    x: centralNucleus.centre.x.toFixed(1),
    y: centralNucleus.centre.y.toFixed(1),
    nucleus_diameter_microns: centralNucleus.diameterMicrons.toFixed(2),
    nucleus_solidity: centralNucleus.solidity.toFixed(3),
    nuclei: new Set(cut.labels.filter((label) => label !== 0)).size,
    nucleus_contrast: contrast.toFixed(3),
    sharpness: sharpness.toFixed(4),
    protein_mean: (window.reduce((sum, value) => sum + value, 0) / window.length).toFixed(4),
    protein_saturated: saturated.toFixed(4),
    padded: padded.toFixed(3),
    quality: quality.toFixed(3),
  };
}

function meanWhere(values: Float32Array, mask: Uint8Array, isInside: boolean): number {
  let [sum, count] = [0, 0];
  for (const [pixel, value] of values.entries())
    if ((mask[pixel] !== 0) === isInside) {
      sum += value;
      count++;
    }
  return count === 0 ? 0 : sum / count;
}

/** Mean square of the Laplacian over the variance: less where the stain is out of focus. */
function sharpnessOf(plane: Float32Array, side: number): number {
  let laplacian = 0;
  const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
  const variance = plane.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane.length;
  for (let y = 1; y < side - 1; y++)
    for (let x = 1; x < side - 1; x++) {
      const at = y * side + x;
      const value = plane[at - 1]! + plane[at + 1]! + plane[at - side]! + plane[at + side]! - 4 * plane[at]!;
      laplacian += value ** 2;
    }
  return variance === 0 ? 0 : laplacian / (side - 2) ** 2 / variance;
}
