// The real nuclei that simulated cells are grown around: the nuclear channel of an atlas's training crops, and crops
// around the nuclei of its raw Hoechst fields. Nothing of validation or of held-out proteins is used.

import { FormatError } from "@proteoscope/formats";
import { openCropPixels } from "../atlas/crop-pixels.ts";
import { readImageData } from "../atlas/image-data.ts";
import { type NucleusField, readNucleusFields } from "../atlas/nucleus-fields.ts";
import { isRealCell } from "../atlas/tables.ts";
import { cumulate, drawIndex } from "../batches/weighted-sampler.ts";
import type { Draws } from "./draws.ts";

/** A real nucleus that cells are simulated around, with its mask. */
export interface NucleusPicture {
  /** The atlas's name of where the picture comes from. */
  readonly source: string;
  readonly licence: string;
  readonly fieldOfView: string;
  readonly side: number;
  /** DNA stain. [N, N] */
  readonly nucleus: Uint8Array;
  /** Nuclei numbered from 1, 0 outside. [N, N] */
  readonly labels: Uint16Array;
}

const pixelSizeMicrons = 0.4126; // of every crop of an atlas
const fieldSource = "nuclei_fovs";
const fieldLicence = "BSD-3-Clause (CZ Biohub, OpenCell microscopy)";
const leastNuclearPixels = 250; // of the nucleus that a field is cropped around: a disc of 18 pixels

/** All pictures of nuclei that an atlas folder has for training. Throws FormatError. */
export async function readNucleusPictures(folder: string): Promise<NucleusPicture[]> {
  const pixels = await openCropPixels(folder);
  const { training } = await readImageData(folder);
  const { height: side } = pixels;
  if (side !== pixels.width) throw new FormatError("atlas", "simulated cells need square crops");
  const pictures: NucleusPicture[] = [];
  for (const crop of training) {
    if (!isRealCell(crop) || !crop.hasDnaStain) continue;
    const { data } = await pixels.read(crop.index);
    const plane = side * side;
    const mask = Uint8Array.from(data.subarray(2 * plane), (distance) => (distance > 0 ? 1 : 0));
    const { source, licence, fieldOfView } = crop;
    pictures.push({
      ...{ source, licence, fieldOfView, side },
      nucleus: Uint8Array.from(data.subarray(plane, 2 * plane), (value) => Math.round(255 * value)),
      labels: numberComponents(mask, side),
    });
  }
  for (const field of await readNucleusFields(folder)) pictures.push(...cropField(field, side));
  if (pictures.length === 0) throw new FormatError("atlas", "there are no real nuclei to grow cells around");
  return pictures;
}

/** Draws pictures, sources the more often the more pictures they have, by the square root. */
export function createPictureSampler(pictures: readonly NucleusPicture[]): (draws: Draws) => NucleusPicture {
  const counts = new Map<string, number>();
  for (const { source } of pictures) counts.set(source, (counts.get(source) ?? 0) + 1);
  const sums = cumulate(pictures.map(({ source }) => counts.get(source)! ** -0.5));
  return (draws) => pictures[drawIndex(sums, draws.between(0, 1))]!;
}

/** A crop around each nucleus of a field, scaled between the field's 20th and 99.8th percentile. */
export function cropField(field: NucleusField, side: number): NucleusPicture[] {
  const { name, width, height, image, labels, micronsPerPixel } = field;
  if (width < side || height < side) return [];
  if (Math.abs(micronsPerPixel / pixelSizeMicrons - 1) > 0.02) {
    throw new FormatError("atlas", `nuclei_fovs.npz has ${micronsPerPixel} um a pixel`, {
      hint: `resample its fields to ${pixelSizeMicrons}`,
    });
  }
  const sorted = image.toSorted();
  const [low, high] = [0.2, 0.998].map((rank) => sorted[Math.floor(rank * (sorted.length - 1))]!) as [
    number,
    number,
  ];
  return measureNuclei(field).map(({ x, y }) => {
    const left = Math.min(width - side, Math.max(0, Math.round(x - side / 2)));
    const top = Math.min(height - side, Math.max(0, Math.round(y - side / 2)));
    const nucleus = new Uint8Array(side * side);
    const cut = new Uint16Array(side * side);
    for (let pixel = 0; pixel < nucleus.length; pixel++) {
      const from = (top + Math.floor(pixel / side)) * width + left + (pixel % side);
      const stretched = (image[from]! - low) / Math.max(1, high - low);
      nucleus[pixel] = Math.round(255 * Math.min(1, Math.max(0, stretched)));
      cut[pixel] = labels[from]!;
    }
    const origin = { source: fieldSource, licence: fieldLicence, fieldOfView: name };
    return { ...origin, side, nucleus, labels: renumber(cut) };
  });
}

function measureNuclei({ labels, width }: NucleusField): { x: number; y: number }[] {
  const nuclei = new Map<number, { x: number; y: number; area: number }>();
  for (const [pixel, label] of labels.entries()) {
    if (label === 0) continue;
    const nucleus = nuclei.get(label) ?? { x: 0, y: 0, area: 0 };
    nucleus.x += pixel % width;
    nucleus.y += Math.floor(pixel / width);
    nucleus.area++;
    nuclei.set(label, nucleus);
  }
  return [...nuclei.values()]
    .filter(({ area }) => area >= leastNuclearPixels)
    .map(({ x, y, area }) => ({ x: x / area, y: y / area }));
}

/** The same labels without gaps in their numbers, in scanning order. */
function renumber(labels: Uint16Array): Uint16Array {
  const numbers = new Map([[0, 0]]);
  return labels.map((label) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label)!;
  });
}

/** Numbers the connected parts of a mask from 1; pixels that touch at a side are connected. */
export function numberComponents(mask: Uint8Array, side: number): Uint16Array {
  const labels = new Uint16Array(mask.length);
  let count = 0;
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] === 0 || labels[seed] !== 0) continue;
    labels[seed] = ++count;
    const open = [seed];
    for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
      const x = pixel % side;
      const neighbours = [pixel - side, pixel + side];
      if (x > 0) neighbours.push(pixel - 1);
      if (x < side - 1) neighbours.push(pixel + 1);
      for (const neighbour of neighbours) {
        if (!mask[neighbour] || labels[neighbour] !== 0) continue; // beyond the frame there is no mask
        labels[neighbour] = count;
        open.push(neighbour);
      }
    }
  }
  return labels;
}
