// Planes of a TIFF that tifffile wrote on its own terms: its first page describes the array by JSON such as
// {"shape": [2, 5, 250, 250], "axes": "CZYX"} (tifffile's "shaped" series). Axes that are not named, or of another
// kind than channel, z and time, count as channels.

import { FormatError } from "../errors.ts";
import { colourNames, type PlaneMap, placeSequence, type TiffPages } from "./map-pages.ts";

/** Maps the planes; undefined where the description is of another kind, or not of these pages. Throws FormatError. */
export function mapShaped(pages: TiffPages): PlaneMap | undefined {
  const { first, offsets } = pages;
  const axes = leadingAxes(pages);
  if (axes === undefined) return undefined;
  const { samples } = first;
  const count = axes.reduce((product, { size }) => product * size, 1);
  const z = axes.find(({ letter }) => letter === "Z");
  const t = axes.find(({ letter }) => letter === "T");
  const others = axes.filter((axis) => axis !== z && axis !== t);
  if (others.length > 1 && others.some(({ letter }) => letter === "C"))
    throw new FormatError(
      "tiff",
      `its axes ${others.map(({ letter }) => letter).join("")} are not all known`,
      {
        hint: "save it with the axes T, Z and C alone",
      },
    );
  const place = placeSequence(pages, count, "it describes");
  return {
    sizeC: others.reduce((product, { size }) => product * size, samples),
    ...{ sizeZ: z?.size ?? 1, sizeT: t?.size ?? 1 },
    channelNames: others.length === 0 ? colourNames(first) : [],
    ...{ series: { index: 0, count: 1 }, pageOffset: offsets[0]! },
    find: (index) => {
      let plane = index.z * (z?.stride ?? 0) + index.t * (t?.stride ?? 0);
      let rest = Math.floor(index.c / samples);
      for (const { size, stride } of others.toReversed()) {
        plane += (rest % size) * stride;
        rest = Math.floor(rest / size);
      }
      return { ...place(plane), sample: index.c % samples };
    },
  };
}

interface LeadingAxis {
  readonly letter: string;
  readonly size: number;
  /** Planes from one place on the axis to the next. */
  readonly stride: number;
}

/** The axes that pages follow one another along, the slowest first; those of one place left out. */
function leadingAxes({ first, description }: TiffPages): LeadingAxis[] | undefined {
  const described = parseDescription(description);
  if (described === undefined) return undefined;
  const { width, height, samples, layout } = first;
  const inPage = layout.pixelSamples > 1 ? [height, width, samples] : [samples, height, width];
  const pageSizes = inPage.filter((size) => size > 1);
  const dimensions = described.shape
    .map((size, index) => ({ size, letter: described.axes[index] ?? "Q" }))
    .filter(({ size }) => size > 1);
  const leading = dimensions.slice(0, dimensions.length - pageSizes.length);
  const rest = dimensions.slice(leading.length);
  if (rest.length !== pageSizes.length || rest.some(({ size }, index) => size !== pageSizes[index]))
    return undefined;
  let stride = 1;
  return leading
    .toReversed()
    .map(({ size, letter }) => {
      const axis = { size, letter, stride };
      stride *= size;
      return axis;
    })
    .toReversed();
}

function parseDescription(description: string): { shape: number[]; axes: string } | undefined {
  if (!/^\s*\{\s*"shape"/.test(description)) return undefined;
  try {
    const { shape, axes } = JSON.parse(description) as { shape: unknown; axes?: unknown };
    const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 1);
    if (!isShape || shape.length > 16) return undefined;
    return {
      shape,
      axes: typeof axes === "string" && axes.length === shape.length ? axes.toUpperCase() : "",
    };
  } catch {
    return undefined;
  }
}
