// OME-TIFF (https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/), schema 2016-06: a classic TIFF file of one
// page per channel whose first page carries OME-XML, so that Fiji, napari and Bio-Formats show channels by name and
// colour and know the size of a pixel. Several samples become several images of one file.

import { zlibSync } from "fflate";
import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import { bytesOf, elementCount, isConsistent, type NdArray } from "../nd-array.ts";
import type { OmeTiffImage } from "./ome-tiff-image.ts";
import { describeOme, omePixelTypes } from "./write-ome-xml.ts";

const format = "ome-tiff";
const maxFileBytes = 2 ** 32 - 1; // offsets of classic TIFF have 32 bits

/** Writes a file. Throws FormatError for data of another shape or type, or of 4 GiB. */
export function writeOmeTiff(image: OmeTiffImage): Uint8Array {
  const { images, channels, height, width } = checkImage(image);
  const { data } = image.data;
  const deflate = (image.compression ?? "deflate") === "deflate";
  const planeLength = height * width;
  const arrays = Array.from({ length: images * channels }, (_, index) => ({
    dtype: image.data.dtype,
    data: data.subarray(index * planeLength, (index + 1) * planeLength),
  }));
  if (image.labels !== undefined) arrays.push(image.labels.data);
  const planes = arrays.map((array) => (deflate ? zlibSync(bytesOf(array.data)) : bytesOf(array.data)));
  const description = new TextEncoder().encode(
    `${describeOme(image, { images, channels, height, width })}\0`,
  );

  // Header, description, planes, then the pages; every part begins at an even byte, as TIFF asks.
  const parts: Uint8Array[] = [];
  let end = 8;
  const append = (part: Uint8Array): number => {
    const start = end;
    parts.push(part.length % 2 === 0 ? part : concatenateBytes([part, Uint8Array.of(0)]));
    end += part.length + (part.length % 2);
    return start;
  };
  const descriptionStart = append(description);
  const planeStarts = planes.map(append);
  const firstPage = end;
  for (const [index, plane] of planes.entries()) {
    const tags = pageTags(image, {
      height,
      width,
      deflate,
      array: arrays[index]!,
      planeStart: planeStarts[index]!,
      planeBytes: plane.length,
    });
    if (index === 0) tags.push([270, ascii, description.length, descriptionStart]);
    append(encodePage(tags, end, index === planes.length - 1));
  }
  if (end > maxFileBytes) {
    throw new FormatError(format, `${end} bytes are more than TIFF can address`, {
      hint: "write fewer images a file",
    });
  }
  const header = new Uint8Array([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  new DataView(header.buffer).setUint32(4, firstPage, true);
  return concatenateBytes([header, ...parts]);
}

function checkImage({ data, channelNames, channelColors, pixelSizeMicrons, labels }: OmeTiffImage) {
  const refuse = (fault: string): never => {
    throw new FormatError(format, fault, { hint: "correct the image before writing it" });
  };
  const { dtype, shape } = data;
  if (!omePixelTypes.has(dtype))
    return refuse(`${dtype} pixels are not written, but ${[...omePixelTypes.keys()].join(", ")}`);
  if ((shape.length !== 3 && shape.length !== 4) || elementCount(shape) === 0 || !isConsistent(data)) {
    return refuse(`the shape [${shape}] is not [C, H, W] or [S, C, H, W] of its data`);
  }
  const [images, channels, height, width] = (shape.length === 4 ? shape : [1, ...shape]) as [
    number,
    number,
    number,
    number,
  ];
  if (channelNames.length !== channels || (channelColors ?? channelNames).length !== channels) {
    return refuse(`${channels} channels need as many names and colours`);
  }
  if (pixelSizeMicrons !== undefined && !(pixelSizeMicrons > 0 && Number.isFinite(pixelSizeMicrons))) {
    return refuse(`a pixel of ${pixelSizeMicrons} micrometres is no size`);
  }
  if (labels !== undefined) {
    const { dtype, shape: size } = labels.data;
    if (!omePixelTypes.has(dtype) || !isConsistent(labels.data) || `${size}` !== `${[height, width]}`)
      return refuse(`labels are ${dtype} [${size}], not one plane of [${[height, width]}]`);
  }
  return { images, channels, height, width };
}

// Type codes of TIFF 6.0.
const ascii = 2;
const short = 3;
const long = 4;
const rational = 5;

/** Tag, type, count, and the value or its offset; a rational is given as itself. */
type Tag = [tag: number, type: number, count: number, value: number];

interface PageLayout {
  height: number;
  width: number;
  deflate: boolean;
  array: Pick<NdArray, "dtype" | "data">;
  planeStart: number;
  planeBytes: number;
}

function pageTags({ pixelSizeMicrons }: OmeTiffImage, layout: PageLayout): Tag[] {
  const tags: Tag[] = [
    [254, long, 1, 0],
    [256, long, 1, layout.width],
    [257, long, 1, layout.height],
    [258, short, 1, layout.array.data.BYTES_PER_ELEMENT * 8],
    [259, short, 1, layout.deflate ? 8 : 1],
    [262, short, 1, 1], // zero is black
    [273, long, 1, layout.planeStart],
    [277, short, 1, 1],
    [278, long, 1, layout.height],
    [279, long, 1, layout.planeBytes],
    [339, short, 1, layout.array.dtype === "float32" ? 3 : 1],
  ];
  if (pixelSizeMicrons !== undefined) {
    const pixelsPerCentimetre = 1e4 / pixelSizeMicrons;
    tags.push(
      [282, rational, 1, pixelsPerCentimetre],
      [283, rational, 1, pixelsPerCentimetre],
      [296, short, 1, 3],
    );
  }
  return tags;
}

/** One directory at byte `start`, followed by its rationals; it points to what comes next unless it is the last. */
function encodePage(tags: Tag[], start: number, isLast: boolean): Uint8Array {
  const rationals = tags.filter(([, type]) => type === rational);
  const directoryBytes = 2 + tags.length * 12 + 4;
  const bytes = new Uint8Array(directoryBytes + rationals.length * 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tags.length, true);
  let rationalStart = directoryBytes;
  for (const [index, [tag, type, count, value]] of tags.sort(([a], [b]) => a - b).entries()) {
    const at = 2 + index * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    if (type === rational) {
      const denominator = value < 4e6 ? 1000 : 1;
      view.setUint32(at + 8, start + rationalStart, true);
      view.setUint32(rationalStart, Math.min(Math.round(value * denominator), 2 ** 32 - 1), true);
      view.setUint32(rationalStart + 4, denominator, true);
      rationalStart += 8;
    } else if (type === short) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, value, true);
  }
  if (!isLast) view.setUint32(2 + tags.length * 12, start + bytes.length, true);
  return bytes;
}
