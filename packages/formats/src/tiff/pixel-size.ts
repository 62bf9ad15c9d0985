// The pixel size of a TIFF file in micrometres, from whichever of three habits its writer had: OME-XML
// (PhysicalSizeX, OME schema 2016-06), ImageJ ("unit=micron" with a resolution in that unit), or TIFF's own
// resolution per inch or centimetre. The width of a pixel is taken; microscopes' pixels are square.

export interface TiffResolution {
  /** Tag ImageDescription. */
  description?: string | undefined;
  /** Tag XResolution: pixels per unit. */
  pixelsPerUnit?: number | undefined;
  /** Tag ResolutionUnit: 1 none, 2 inch, 3 centimetre. */
  unit?: number | undefined;
}

// By lower-cased unit; the micro sign and the Greek mu are two characters.
const micronsByUnit = new Map([
  ["\u00b5m", 1],
  ["\u03bcm", 1],
  ["um", 1],
  ["micron", 1],
  ["microns", 1],
  ["micrometer", 1],
  ["micrometre", 1],
  ["nm", 1e-3],
  ["pm", 1e-6],
  ["\u00e5", 1e-4],
  ["mm", 1e3],
  ["cm", 1e4],
  ["m", 1e6],
  ["inch", 25400],
  ["in", 25400],
]);

// Coarser than any microscope's pixel: such a value (72 dpi is 353 um) was meant for a printer.
const coarsestMicrons = 20;

/** Micrometres a pixel, or undefined where the file does not say. */
export function findPixelSize({
  description = "",
  pixelsPerUnit,
  unit = 2,
}: TiffResolution): number | undefined {
  const perUnit = pixelsPerUnit === undefined ? undefined : 1 / pixelsPerUnit;
  if (/<(\w+:)?OME[\s>]/.test(description)) {
    const pixels = firstPixels(description);
    const size = attribute(pixels, "PhysicalSizeX");
    return size === undefined
      ? undefined
      : micronsOf(Number(size), attribute(pixels, "PhysicalSizeXUnit") ?? "um");
  }
  if (description.startsWith("ImageJ=")) {
    const imageJUnit = /^unit=(.*)$/m.exec(description)?.[1];
    return imageJUnit === undefined ? undefined : micronsOf(perUnit, imageJUnit);
  }
  const microns = unit === 2 || unit === 3 ? micronsOf(perUnit, unit === 2 ? "inch" : "cm") : undefined;
  return microns !== undefined && microns <= coarsestMicrons ? microns : undefined;
}

function micronsOf(value: number | undefined, unit: string): number | undefined {
  const factor = micronsByUnit.get(decodeEscapes(unit).trim().toLowerCase());
  const microns = (value ?? Number.NaN) * (factor ?? Number.NaN);
  return Number.isFinite(microns) && microns > 0 ? microns : undefined;
}

/** The opening tag of the first Pixels element. One pattern up to ">" would take quadratic time on hostile text. */
function firstPixels(xml: string): string {
  const start = xml.search(/<(?:\w+:)?Pixels\s/);
  return start < 0 ? "" : xml.slice(start, xml.indexOf(">", start));
}

function attribute(element: string, name: string): string | undefined {
  const [, double, single] = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(element) ?? [];
  return double ?? single;
}

/** ImageJ writes the micro sign as \\u00B5, XML writers at times as a character reference. */
function decodeEscapes(text: string): string {
  return text.replace(
    /\\u([0-9a-f]{4})|&#x([0-9a-f]{1,6});|&#([0-9]{1,7});/gi,
    (all, escaped, hex, decimal) => {
      const code = decimal === undefined ? Number.parseInt(escaped ?? hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    },
  );
}
