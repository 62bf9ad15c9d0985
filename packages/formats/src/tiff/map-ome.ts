// Planes of an OME-TIFF: its TiffData elements say which page holds which channel, section and time point, in this
// file or in others (https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html).

import { FormatError } from "../errors.ts";
import type { PlaneIndex } from "../image/image-stack.ts";
import { named, type OmeImage, type OmeTiffData, type OmeXml, readOmeXml } from "../ome/read-ome-xml.ts";
import type { TiffFile } from "./directory.ts";
import { colourNames, type PlaneMap, planeStrides } from "./map-pages.ts";
import { readTiffPage, type TiffPage } from "./page.ts";

export interface MapOmeOptions {
  /** Which of the images. */
  readonly series: number;
  /** The file's own name, to know it among others. */
  readonly fileName: string;
}

const format = "ome-tiff";
const mostPlanes = 1_000_000;

/** Maps the planes of one image. Throws FormatError. */
export function mapOmeTiff(
  file: TiffFile,
  description: string,
  { series, fileName }: MapOmeOptions,
): PlaneMap {
  const xml = readOmeXml(description);
  const image = xml.images[series];
  const { pageOffsets } = file;
  if (image === undefined)
    throw new FormatError(format, `there is no image ${series} among its ${xml.images.length}, from 0`, {
      hint: "choose another",
    });
  const { sizeC, sizeZ, sizeT, name, pixelSizeMicrons } = image;
  const data = dataOfFile(xml, image, fileName);
  const firstPage = pageOffsets[data.find((element) => element.isOwn)?.ifd ?? Number.NaN];
  if (firstPage === undefined)
    throw new FormatError(format, `its planes are in another file, ${named(data[0]?.fileName)}`, {
      hint: "give that file, or save the image as one file",
    });
  // The pages know how many channels they hold side by side; what the text says of it is at times wrong.
  const first = readTiffPage(file, firstPage);
  const { samples } = first;
  if (sizeC % samples !== 0)
    throw new FormatError(format, `${sizeC} channels do not fit pages of ${samples} samples per pixel`);
  const sizes = { c: sizeC / samples, z: sizeZ, t: sizeT };
  const strides = planeStrides(image.planeOrder.toLowerCase(), sizes);
  const located = locatePlanes(data, { strides, planes: sizes.c * sizeZ * sizeT, pages: pageOffsets.length });
  return {
    ...{ sizeC, sizeZ, sizeT, channelNames: namesOfChannels(image, first), pageOffset: firstPage },
    series: { index: series, count: xml.images.length, ...(name === undefined ? {} : { name }) },
    ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    find: ({ c, z, t }) => {
      const place = located.get(Math.floor(c / samples) * strides.c + z * strides.z + t * strides.t);
      if (typeof place === "number")
        return { pageOffset: pageOffsets[place]!, sample: c % samples, shift: 0 };
      const plane = `channel ${c}, plane ${z} of z, time point ${t}`;
      if (place === undefined)
        throw new FormatError(format, `${plane} is not in the file`, { hint: "choose another" });
      throw new FormatError(format, `${plane} is in another file, ${named(place.fileName)}`, {
        hint: "give that file, or save the image as one file",
      });
    },
  };
}

/** Names as the text has them; the samples of a colour image that has none, or one for all, are named by colour. */
function namesOfChannels(
  { channelNames, sizeC }: OmeImage,
  first: TiffPage,
): readonly (string | undefined)[] {
  const colours = sizeC === first.samples ? colourNames(first) : [];
  return colours.length > 0 && new Set(channelNames).size <= 1 ? colours : channelNames;
}

interface DataOfFile extends OmeTiffData {
  /** The planes are in this file. */
  readonly isOwn: boolean;
}

function dataOfFile(xml: OmeXml, image: OmeImage, fileName: string): DataOfFile[] {
  const { data } = image;
  if (data.length === 0 && xml.images.length === 1)
    return [{ firstC: 0, firstZ: 0, firstT: 0, ifd: 0, isOwn: true }];
  const own = ownIdentity(xml, data, fileName);
  return data.map((element) => ({ ...element, isOwn: element.uuid === undefined || element.uuid === own }));
}

/** By position in the image's order: the page of this file, or the element that names another. */
function locatePlanes(
  data: readonly DataOfFile[],
  { strides, planes, pages }: { strides: PlaneIndex; planes: number; pages: number },
): Map<number, number | OmeTiffData> {
  const located = new Map<number, number | OmeTiffData>();
  let listed = 0;
  for (const element of data) {
    const { firstC, firstZ, firstT, ifd, isOwn } = element;
    const start = firstC * strides.c + firstZ * strides.z + firstT * strides.t;
    const most = isOwn ? Math.max(0, pages - ifd) : Number.POSITIVE_INFINITY;
    const count = Math.min(element.count ?? most, most, Math.max(0, planes - start));
    listed += count;
    if (listed > mostPlanes) throw new FormatError(format, `it lists more than ${mostPlanes} planes`);
    for (let plane = 0; plane < count; plane++) located.set(start + plane, isOwn ? ifd + plane : element);
  }
  return located;
}

/** The identity of this file, among those that the elements name. */
function ownIdentity(xml: OmeXml, data: readonly OmeTiffData[], fileName: string): string | undefined {
  if (xml.uuid !== undefined) return xml.uuid;
  const base = (path: string) => path.replace(/^.*[/\\]/, "").toLowerCase();
  const sameName = data.find(
    (element) => element.fileName !== undefined && base(element.fileName) === base(fileName),
  );
  if (sameName !== undefined) return sameName.uuid;
  const identities = new Set(data.map(({ uuid }) => uuid));
  return identities.size === 1 ? data[0]?.uuid : undefined;
}
