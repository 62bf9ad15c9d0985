// From an image with axes to nuclei that the model can be given: choose the plane and the pixel size, refuse what cannot
// be right with a message that says what to do, then find and crop the nuclei.

import {
  describeSelection,
  ImageSelectionError,
  type ImageStack,
  type PlaneSelection,
  selectPlane,
  type ZPolicy,
} from "@proteoscope/formats";
import {
  type CropOptions,
  type CroppedField,
  cutCrop,
  type SegmentedField,
  segmentFieldInSteps,
  wholeNuclei,
} from "./crop-nuclei.ts";
import { NucleusError } from "./nucleus-error.ts";
import type { Segmentation } from "./segment-nuclei.ts";

/** Which plane of an image shows the nuclei, and how large its pixels are. */
export interface NucleusPlaneOptions {
  /** Number from 0, in digits too, or name of the channel; needed where there are several. */
  readonly nucleusChannel?: number | string | undefined;
  /** "sharpest", "maximum" or the number of a plane from 0. Default "sharpest". */
  readonly nucleusZ?: ZPolicy | undefined;
  /** Number of the time point from 0. Default 0. */
  readonly nucleusTime?: number | undefined;
  /** Pixel size of the image in micrometres; by default what the file says, needed where it says nothing. */
  readonly pixelSizeMicrons?: number | undefined;
  /** Ends the reading between two planes of z and between two steps of the segmentation. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the fraction of the segmentation that is done. */
  readonly onSegmented?: ((fraction: number) => void) | undefined;
}

/** The choice of the plane, what counts as a nucleus, and what the crops are like. */
export interface ReadNucleusOptions
  extends NucleusPlaneOptions,
    Omit<CropOptions, "height" | "width" | "pixelSizeMicrons"> {}

/** Which plane of an image a field is. */
export interface FieldSource {
  readonly selection: PlaneSelection;
  readonly sourcePixelSizeMicrons: number;
}

/** The crops of an image, and which plane of it they show. */
export interface NucleiOfImage extends CroppedField, FieldSource {}

const plausiblePixelSize = { min: 0.02, max: 1.5 };
const largestField = 25_000_000; // pixels after resampling: two millimetres square

/**
 * Crops around every nucleus of one plane of the image, at least one.
 * @throws NucleusError for an image without readable nuclei or a plane that it does not have; FormatError for a file whose
 * pixels cannot be read; the signal's reason when it is aborted.
 */
export async function readNucleus(
  stack: ImageStack,
  options: ReadNucleusOptions = {},
): Promise<NucleiOfImage> {
  const field = await readField(stack, options);
  return { ...field, crops: wholeNuclei(field).map((nucleus) => cutCrop(field, nucleus, options)) };
}

/** The field of `readNucleus` with its nuclei, at least one, from which `cutCrop` cuts crops. @throws as `readNucleus`. */
export async function readField(
  stack: ImageStack,
  options: ReadNucleusOptions = {},
): Promise<SegmentedField & FieldSource> {
  const pixelSizeMicrons = choosePixelSize(stack, options);
  const { values, height, width, selection } = await choosePlane(stack, options);
  checkValues(values, width, selection);
  const steps = segmentFieldInSteps(values, { ...options, height, width, pixelSizeMicrons });
  let step = steps.next();
  for (; !step.done; step = steps.next()) {
    options.onSegmented?.(step.value);
    await new Promise((resolve) => setTimeout(resolve)); // lets the signal come through
    options.signal?.throwIfAborted();
  }
  const field = step.value;
  options.onSegmented?.(1);
  if (field.segmentation.nuclei.length === 0)
    throw noNuclei(field.segmentation, selection, pixelSizeMicrons, options);
  return { ...field, selection, sourcePixelSizeMicrons: pixelSizeMicrons };
}

async function choosePlane(stack: ImageStack, options: NucleusPlaneOptions) {
  const { nucleusChannel: channel, nucleusZ: z, nucleusTime: time, signal } = options;
  try {
    return await selectPlane(stack, { channel, z, time, signal });
  } catch (error) {
    if (error instanceof ImageSelectionError) throw new NucleusError(error.axis, error.message);
    throw error;
  }
}

function choosePixelSize(image: ImageStack, options: ReadNucleusOptions): number {
  const pixelSize = options.pixelSizeMicrons ?? image.pixelSizeMicrons;
  if (pixelSize === undefined) {
    throw new NucleusError(
      "pixel-size",
      "the file does not say how large its pixels are: give the size in micrometres",
    );
  }
  const { min, max } = plausiblePixelSize;
  if (!(pixelSize >= min && pixelSize <= max)) {
    const source = options.pixelSizeMicrons === undefined ? "the file says" : "the size given is";
    throw new NucleusError(
      "pixel-size",
      `${source} ${pixelSize} um/pixel, but nuclei can be read between ${min} and ${max}: give the size in micrometres`,
    );
  }
  const scale = pixelSize / (options.modelPixelSizeMicrons ?? 0.4126);
  if (image.width * scale * image.height * scale > largestField) {
    throw new NucleusError(
      "too-large",
      `a field of ${Math.round(image.width * pixelSize)} x ${Math.round(image.height * pixelSize)} um at ${pixelSize} um/pixel is too large to read at once: cut it to 2000 x 2000 um, or correct the pixel size`,
    );
  }
  return pixelSize;
}

function checkValues(plane: Float32Array, width: number, selection: PlaneSelection): void {
  const bad = plane.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) {
    throw new NucleusError(
      "not-finite",
      `${describeSelection(selection)} holds ${plane[bad]} at x ${bad % width}, y ${Math.floor(bad / width)}: replace such pixels by numbers`,
    );
  }
  const first = plane[0];
  if (plane.every((value) => value === first)) {
    throw new NucleusError(
      "constant",
      `${describeSelection(selection)} is empty: every pixel is ${first}; choose the plane of the nuclei`,
      selection.channels > 1 ? "nucleusChannel" : undefined,
    );
  }
}

function noNuclei(
  { dropped, threshold: level }: Segmentation,
  selection: PlaneSelection,
  pixelSize: number,
  { minDiameterMicrons = 8, maxDiameterMicrons = 28 }: ReadNucleusOptions,
): NucleusError {
  const { tooSmall, tooLarge, ragged } = dropped;
  const found =
    tooSmall + tooLarge + ragged === 0
      ? "nothing was"
      : `${tooSmall} objects too small, ${tooLarge} too large and ${ragged} too ragged were`;
  const threshold = Number(level.toPrecision(4));
  const [others, field] =
    selection.channels > 1 ? ["channel and the ", "nucleusChannel"] : ["", "pixelSizeMicrons"];
  return new NucleusError(
    "no-nuclei",
    `no nuclei of ${minDiameterMicrons} to ${maxDiameterMicrons} um in ${describeSelection(selection)} at ${pixelSize} um/pixel: ${found} brighter than ${threshold}; check the ${others}pixel size`,
    field,
  );
}
