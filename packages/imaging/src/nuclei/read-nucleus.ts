// From a decoded image file to nuclei that the model can be given: choose the channel and the pixel size, refuse
// what cannot be right with a message that says what to do, then find and crop the nuclei.

import { type CropOptions, type CroppedField, cropNuclei } from "./crop-nuclei.ts";
import { NucleusError } from "./nucleus-error.ts";

/** What an image reader gives: raw values of all channels. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bitDepth: number;
  /** [C, H, W] */
  readonly planes: Float32Array;
  readonly pixelSizeMicrons?: number | undefined;
}

export interface ReadNucleusOptions extends Omit<CropOptions, "height" | "width" | "pixelSizeMicrons"> {
  /** Counted from 0; needed when the image has several channels. */
  readonly nucleusChannel?: number;
  /** Overrides what the file says; needed when it says nothing. */
  readonly pixelSizeMicrons?: number;
}

export interface NucleiOfImage extends CroppedField {
  readonly nucleusChannel: number;
  readonly sourcePixelSizeMicrons: number;
}

const plausiblePixelSize = { min: 0.02, max: 1.5 };
const largestField = 25_000_000; // pixels after resampling: two millimetres square

/** Crops around every nucleus of the image, at least one; throws NucleusError. */
export function readNucleus(image: DecodedImage, options: ReadNucleusOptions = {}): NucleiOfImage {
  const nucleusChannel = chooseChannel(image, options.nucleusChannel);
  const pixelSizeMicrons = choosePixelSize(image, options);
  const area = image.width * image.height;
  const plane = image.planes.subarray(nucleusChannel * area, (nucleusChannel + 1) * area);
  checkValues(plane, image.width, nucleusChannel);

  const { height, width } = image;
  const field = cropNuclei(plane, { ...options, height, width, pixelSizeMicrons });
  if (field.crops.length === 0) throw noNuclei(field, nucleusChannel, pixelSizeMicrons, options);
  return { ...field, nucleusChannel, sourcePixelSizeMicrons: pixelSizeMicrons };
}

function chooseChannel({ channels }: DecodedImage, asked: number | undefined): number {
  const range = channels === 1 ? "only channel 0" : `channels 0 to ${channels - 1}`;
  if (asked === undefined && channels > 1) {
    throw new NucleusError("channel", `the image has ${range}: say which one shows the nuclei`);
  }
  const channel = asked ?? 0;
  if (!Number.isInteger(channel) || channel < 0 || channel >= channels) {
    throw new NucleusError("channel", `there is no channel ${channel}: the image has ${range}`);
  }
  return channel;
}

function choosePixelSize(image: DecodedImage, options: ReadNucleusOptions): number {
  const pixelSize = options.pixelSizeMicrons ?? image.pixelSizeMicrons;
  if (pixelSize === undefined) {
    throw new NucleusError(
      "pixel-size",
      "the file does not say how large its pixels are: give the size in microns, such as 0.2",
    );
  }
  const { min, max } = plausiblePixelSize;
  if (!(pixelSize >= min && pixelSize <= max)) {
    const source = options.pixelSizeMicrons === undefined ? "the file says" : "the request says";
    throw new NucleusError(
      "pixel-size",
      `${source} ${pixelSize} um/pixel, but nuclei can be read between ${min} and ${max}: give the size in microns`,
    );
  }
  const scale = pixelSize / (options.modelPixelSizeMicrons ?? 0.4126);
  if (image.width * scale * image.height * scale > largestField) {
    throw new NucleusError(
      "too-large",
      `a field of ${Math.round(image.width * pixelSize)} x ${Math.round(image.height * pixelSize)} um is too large to read at once: cut it to 2000 x 2000 um, or correct the pixel size, now ${pixelSize}`,
    );
  }
  return pixelSize;
}

function checkValues(plane: Float32Array, width: number, channel: number): void {
  const bad = plane.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) {
    throw new NucleusError(
      "not-finite",
      `channel ${channel} holds ${plane[bad]} at x ${bad % width}, y ${Math.floor(bad / width)}: replace such pixels by numbers`,
    );
  }
  const first = plane[0];
  if (plane.every((value) => value === first)) {
    throw new NucleusError(
      "constant",
      `channel ${channel} is empty: every pixel is ${first}; choose the channel of the nuclei`,
    );
  }
}

function noNuclei(
  { segmentation }: CroppedField,
  channel: number,
  pixelSize: number,
  { minDiameterMicrons = 8, maxDiameterMicrons = 28 }: ReadNucleusOptions,
): NucleusError {
  const { tooSmall, tooLarge, ragged } = segmentation.dropped;
  const found =
    tooSmall + tooLarge + ragged === 0
      ? "nothing was"
      : `${tooSmall} objects too small, ${tooLarge} too large and ${ragged} too ragged were`;
  return new NucleusError(
    "no-nuclei",
    `no nuclei of ${minDiameterMicrons} to ${maxDiameterMicrons} um in channel ${channel}: ${found} brighter than ${Number(segmentation.threshold.toPrecision(4))}; check the channel and the pixel size, now ${pixelSize} um`,
  );
}
