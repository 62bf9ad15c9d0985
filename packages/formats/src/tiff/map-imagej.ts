// Planes of a TIFF that ImageJ or Fiji wrote: a text of properties says how many channels, slices and frames there
// are; all but the first may lie behind the only page (ImageJ 1.x, ij/io/FileInfo and TiffDecoder, and what tifffile
// reads of it).

import { FormatError } from "../errors.ts";
import { colourNames, type PlaneMap, placeSequence, planeStrides, type TiffPages } from "./map-pages.ts";

/** True for a description that ImageJ, or SCIFIO in its place, wrote. */
export function isImageJ(description: string): boolean {
  return /^(?:ImageJ|SCIFIO)=/.test(description);
}

/** Maps the planes. Throws FormatError for sizes that the file does not hold. */
export function mapImageJ(pages: TiffPages): PlaneMap {
  const { first, offsets, description } = pages;
  const properties = readProperties(description);
  const size = (name: string): number => {
    const value = Number(properties.get(name) ?? 1);
    if (Number.isInteger(value) && value >= 1) return value;
    throw new FormatError("imagej", `its ${name} are ${JSON.stringify(properties.get(name)!.slice(0, 40))}`);
  };
  const sizes = { c: size("channels"), z: size("slices"), t: size("frames") };
  const { samples } = first;
  // Bio-Formats calls the samples of a pixel channels; ImageJ counts a colour image as one.
  if (samples > 1 && sizes.c === samples && offsets.length <= sizes.z * sizes.t) sizes.c = 1;
  if (sizes.c * sizes.z * sizes.t === 1) sizes.z = Math.max(size("images"), offsets.length);
  const count = sizes.c * sizes.z * sizes.t;
  const place = placeSequence(pages, count, "ImageJ speaks of");
  const order = (properties.get("order") ?? "").toLowerCase();
  const strides = planeStrides(/^(?:ctz|zct|ztc|tcz|tzc)$/.test(order) ? order : "czt", sizes);
  return {
    ...{ sizeC: sizes.c * samples, sizeZ: sizes.z, sizeT: sizes.t },
    channelNames: sizes.c === 1 ? colourNames(first) : [],
    ...{ series: { index: 0, count: 1 }, pageOffset: offsets[0]! },
    find: ({ c, z, t }) => ({
      ...place(Math.floor(c / samples) * strides.c + z * strides.z + t * strides.t),
      sample: c % samples,
    }),
  };
}

/** Lines "key=value"; of a key that is there twice, the first. */
export function readProperties(description: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const line of description.split(/\r?\n/)) {
    const split = line.indexOf("=");
    const key = line.slice(0, split).trim();
    if (split > 0 && !properties.has(key)) properties.set(key, line.slice(split + 1).trim());
  }
  return properties;
}
