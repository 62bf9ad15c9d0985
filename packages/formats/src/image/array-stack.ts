// Pictures that are one array, as image stacks: PNG and .npy know channels and nothing of sections or time. Only an
// array says which of its dimensions are which by their sizes.

import { FormatError } from "../errors.ts";
import { bytesPerElement, type NdArray, type TypedArray } from "../nd-array.ts";
import type { ImageStack } from "./image-stack.ts";
import type { PngImage } from "./png.ts";

/** A decoded PNG; the channels of colours are named by them. */
export function pngToStack({ width, height, channels, depth, data }: PngImage): ImageStack {
  const shape = [channels, height, width];
  const planes: NdArray = {
    ...{ dtype: depth === 8 ? "uint8" : "uint16", shape, data: interleavedToPlanes(data, channels) },
  };
  const names = [[], [], ["grey", "alpha"], ["red", "green", "blue"], ["red", "green", "blue", "alpha"]];
  return planesToStack(planes, names[channels]);
}

const mostChannels = 16;

/**
 * An array taken as [H, W], [C, H, W], or [H, W, C] where only its last dimension is small enough for channels.
 * Throws FormatError for any other.
 */
export function arrayToStack(array: NdArray): ImageStack {
  const { dtype, shape, data } = array;
  const refuse = (fault: string): never => {
    throw new FormatError("npy", `an array [${shape}] ${fault}`, {
      hint: "give one picture, [H, W] or [C, H, W]",
    });
  };
  if (shape.includes(0)) return refuse("has no pixels");
  if (shape.length === 2) return planesToStack({ dtype, shape: [1, ...shape], data });
  if (shape.length !== 3) return refuse("is no picture");
  const [first, second, last] = shape as [number, number, number];
  if (first <= mostChannels) return planesToStack(array);
  if (last > mostChannels) return refuse("has too many channels");
  return planesToStack({ dtype, shape: [last, first, second], data: interleavedToPlanes(data, last) });
}

/** [C, H, W] as a stack of C channels. */
function planesToStack({ dtype, shape, data }: NdArray, channelNames: readonly string[] = []): ImageStack {
  const [sizeC, height, width] = shape as [number, number, number];
  const size = height * width;
  return {
    ...{ width, height, sizeC, sizeZ: 1, sizeT: 1, channelNames, bitDepth: bytesPerElement(dtype) * 8 },
    series: { index: 0, count: 1 },
    readPlane: ({ c }) => ({ dtype, shape: [height, width], data: data.subarray(c * size, (c + 1) * size) }),
  };
}

/** Planes [H, W] of one type, at least one, as [C, H, W]. */
export function joinPlanes(planes: readonly NdArray[]): NdArray {
  const { dtype, shape, data } = planes[0]!;
  if (planes.length === 1) return { dtype, shape: [1, ...shape], data };
  const joined = new (data.constructor as new (length: number) => TypedArray)(data.length * planes.length);
  for (const [index, plane] of planes.entries()) joined.set(plane.data as never, index * data.length);
  return { dtype, shape: [planes.length, ...shape], data: joined };
}

/** [H, W, C] -> [C, H, W]. */
function interleavedToPlanes(data: TypedArray, channels: number): TypedArray {
  if (channels === 1) return data;
  const result = data.slice();
  const pixels = data.length / channels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      result[channel * pixels + pixel] = data[pixel * channels + channel]!;
    }
  }
  return result;
}
