// The pixel size of a TIFF file in micrometres, from whichever of three habits its writer had: OME-XML
// (PhysicalSizeX, OME schema 2016-06), ImageJ ("unit=micron" with a resolution in that unit), or TIFF's own
// resolution per inch or centimetre. The width of a pixel is taken; microscopes' pixels are square.

import { micronsOf } from "../image/length-units.ts";
import { isOmeXml, readOmeXml } from "../ome/read-ome-xml.ts";
import { readTiffDirectory, readTiffNumber, type TiffFile } from "./directory.ts";
import { isImageJ, readProperties } from "./map-imagej.ts";
import { tiffTags } from "./page.ts";

export interface TiffResolution {
  /** Tag ImageDescription. */
  description?: string | undefined;
  /** Tag XResolution: pixels per unit. */
  pixelsPerUnit?: number | undefined;
  /** Tag ResolutionUnit: 1 none, 2 inch, 3 centimetre. */
  unit?: number | undefined;
}

// Coarser than any microscope's pixel: such a value (72 dpi is 353 um) was meant for a printer.
const coarsestMicrons = 20;

/** Micrometres per pixel of a file's first page, or undefined where it does not say. Throws FormatError. */
export function readPixelSize(file: TiffFile, description: string | undefined): number | undefined {
  const directory = readTiffDirectory(file, file.pageOffsets[0]!);
  return findPixelSize({
    description,
    pixelsPerUnit: readTiffNumber(file, directory, tiffTags.xResolution),
    unit: readTiffNumber(file, directory, tiffTags.resolutionUnit),
  });
}

/** Micrometres per pixel, or undefined where the file does not say. Throws FormatError for damaged OME-XML. */
export function findPixelSize({
  description = "",
  pixelsPerUnit,
  unit = 2,
}: TiffResolution): number | undefined {
  if (isOmeXml(description)) return readOmeXml(description).images[0]?.pixelSizeMicrons;
  const perUnit = pixelsPerUnit === undefined ? undefined : 1 / pixelsPerUnit;
  if (isImageJ(description)) {
    const imageJUnit = readProperties(description).get("unit");
    return imageJUnit === undefined ? undefined : micronsOf(perUnit, decodeEscapes(imageJUnit));
  }
  const microns = unit === 2 || unit === 3 ? micronsOf(perUnit, unit === 2 ? "inch" : "cm") : undefined;
  return microns !== undefined && microns <= coarsestMicrons ? microns : undefined;
}

/** ImageJ writes the micro sign as \\u00B5. */
function decodeEscapes(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)));
}
