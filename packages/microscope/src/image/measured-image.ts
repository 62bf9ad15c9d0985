// An image of cells as a measurement takes it: the protein's plane, where there is one the plane of nuclei, and the cells that
// are cut from both as the image classifier takes them.

import { type ImageStack, ProteoscopeError, selectPlane } from "@proteoscope/formats";
import { copyWindow, cropNuclei, nuclearDistance, percentiles, resamplePlane } from "@proteoscope/imaging";
import type { ImagingConstants } from "../model/model.ts";

/** Planes of one image in [0, 1]. */
export interface MeasuredImage {
  readonly height: number;
  readonly width: number;
  /** [H, W] */
  readonly protein: Float32Array;
  /** [H, W]; undefined where the image has no such channel. */
  readonly nucleus: Float32Array | undefined;
  readonly pixelSizeMicrons: number | undefined;
  /** Whether the picture is known to be generated; a card says so. */
  readonly isSynthetic?: boolean | undefined;
}

/** Which channels of an image are which, and how its values are scaled. */
export interface MeasuredImageOptions {
  /** Number from 0, or name; by default the channel that is called so, or the only one. */
  readonly proteinChannel?: number | string | undefined;
  /** Number from 0, or name; by default the channel that is called so. */
  readonly nucleusChannel?: number | string | undefined;
  /** Width of a pixel; by default what the file says. */
  readonly pixelSizeMicrons?: number | undefined;
  /**
   * "range": samples of 8 and 16 bits by the range of their type, floats as they are. "percentiles": from the 0.1st to the
   * 99.9th percentile of each plane, for images as cameras give them. Default "range".
   */
  readonly scaling?: "range" | "percentiles" | undefined;
  readonly signal?: AbortSignal | undefined;
}

const proteinNames = /protein|gfp|target|antibody/i;
const nucleusNames = /nucle|dapi|hoechst|dna/i;

/** Reads the planes of an image. @throws ProteoscopeError (data) naming the option that helps, FormatError. */
export async function readMeasuredImage(
  stack: ImageStack,
  options: MeasuredImageOptions = {},
): Promise<MeasuredImage> {
  const { proteinChannel, nucleusChannel, pixelSizeMicrons = stack.pixelSizeMicrons } = options;
  const named = (pattern: RegExp) => {
    const found = stack.channelNames.findIndex((name) => name !== undefined && pattern.test(name));
    return found === -1 ? undefined : found;
  };
  const protein = proteinChannel ?? named(proteinNames) ?? (stack.sizeC === 1 ? 0 : undefined);
  const nucleus = nucleusChannel ?? (stack.sizeC === 1 ? undefined : named(nucleusNames));
  const read = async (channel: number | string | undefined, field: string): Promise<Float32Array> => {
    try {
      const { values, bitDepth } = await selectPlane(stack, { channel, signal: options.signal });
      return scale(values, bitDepth, options.scaling ?? "range");
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ImageSelectionError") throw error;
      throw new ProteoscopeError(error.message, { kind: "data", field, cause: error });
    }
  };
  return {
    ...{ height: stack.height, width: stack.width, pixelSizeMicrons },
    protein: await read(protein, "proteinChannel"),
    nucleus: nucleus === undefined ? undefined : await read(nucleus, "nucleusChannel"),
  };
}

function scale(plane: Float32Array, bitDepth: number, scaling: "range" | "percentiles"): Float32Array {
  const bad = plane.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) throw new ProteoscopeError(`pixel ${bad} is ${plane[bad]}, no number`, { kind: "data" });
  const [low, high] =
    scaling === "percentiles"
      ? (percentiles(plane, [0.1, 99.9]) as [number, number])
      : [0, bitDepth === 8 || bitDepth === 16 ? 2 ** bitDepth - 1 : 1];
  const scaled = plane.map((value) => (high > low ? (value - low) / (high - low) : 0));
  if (scaling === "percentiles") return scaled.map((value) => Math.min(1, Math.max(0, value)));
  const outside = scaled.find((value) => value < 0 || value > 1);
  if (outside === undefined) return scaled;
  throw new ProteoscopeError(`the values are not between 0 and 1 (${outside}): scale them by percentiles`, {
    kind: "data",
    field: "scaling",
  });
}

/** A cell as the image classifier takes it. */
export interface MeasuredCell {
  /** Protein and nucleus in [0, 1], signed nuclear distance in pixels, [3, S, S]. */
  readonly planes: Float32Array;
  /** First pixel of the crop in the image at the model's pixel size. */
  readonly origin: { readonly x: number; readonly y: number };
}

/**
 * The cells of an image, one per nucleus, `most` at most, evenly chosen; none where the image has no plane of nuclei, no
 * pixel size or no nuclei. Nuclei that share a crop, as in an image of one crop, are one cell.
 */
export function cellsOfImage(
  image: MeasuredImage,
  { cropPixels: side, pixelSizeMicrons: modelPixelSizeMicrons }: ImagingConstants,
  most = 64,
): MeasuredCell[] {
  const { protein, nucleus, pixelSizeMicrons, height, width } = image;
  if (nucleus === undefined || pixelSizeMicrons === undefined) return [];
  if (nucleus.every((value) => value === nucleus[0])) return [];
  const field = cropNuclei(nucleus, {
    ...{ height, width, pixelSizeMicrons, modelPixelSizeMicrons, cropPixels: side },
  });
  const places = new Map(field.crops.map((crop) => [`${crop.origin.x} ${crop.origin.y}`, crop]));
  const crops = [...places.values()];
  const chosen = crops.filter((_, index) => crops.length <= most || (index * most) % crops.length < most);
  // An image that is a crop of the model's already has the contrast of its field.
  const isCrop = field.fieldSize.height === side && field.fieldSize.width === side;
  const light = resamplePlane(protein, image, field.fieldSize);
  const area = side * side;
  return chosen.map(({ origin, mask, nucleus: stain }) => {
    const planes = new Float32Array(3 * area);
    copyWindow(light, field.fieldSize, origin, side, planes);
    planes.set(isCrop ? resamplePlane(nucleus, image, field.fieldSize) : stain, area);
    planes.set(nuclearDistance(mask, { height: side, width: side }), 2 * area);
    return { planes, origin };
  });
}
