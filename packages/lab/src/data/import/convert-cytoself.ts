// One crop of cytoself's floating-point values as the bytes of a store: protein and nucleus in 255 steps, the nuclear mask. The
// distance is not stored: inside the crop it follows from the mask, as it does when images are generated; that the two agree
// is checked here.

/** Where the values of one crop are; `stride` values lie between two pixels. */
export interface CropValues {
  readonly protein: Float32Array;
  readonly nucleus: Float32Array;
  readonly distance: Float32Array;
  /** Undefined where the files have none: the nuclei are then where the distance is positive. */
  readonly mask: Float32Array | undefined;
  /** Index of the first value of the crop in each of them. */
  readonly starts: readonly [protein: number, nucleus: number, distance: number, mask: number];
  readonly stride: 1 | 4;
}

/** Why a crop is refused. */
export interface CropFault {
  readonly channel: string;
  readonly reason: string;
}

/** Intensities of the published files are in [0, 1]; floating point may pass it by a rounding. */
const margin = 0.001;
/** The largest share of pixels at which the sign of the distance may differ from the mask. */
export const mostMismatch = 0.2;

/**
 * Writes the three planes of a crop. Returns the share of pixels at which mask and distance disagree, or why the crop is refused;
 * what is written then is of no use.
 */
export function convertCrop(values: CropValues, plane: number, out: Uint8Array): number | CropFault {
  const { protein, nucleus, distance, mask, starts, stride } = values;
  let [p, n, d, m] = starts;
  let mismatches = 0;
  let inside = 0;
  for (let pixel = 0; pixel < plane; pixel++) {
    const a = protein[p]!;
    const b = nucleus[n]!;
    const c = distance[d]!;
    if (!(a >= -margin && a <= 1 + margin && b >= -margin && b <= 1 + margin && c > -1e6 && c < 1e6))
      return faultOf(a, b, c, pixel);
    const isInside = mask === undefined ? c > 0 : mask[m]! > 0;
    out[pixel] = a * 255 + 0.5;
    out[plane + pixel] = b * 255 + 0.5;
    out[2 * plane + pixel] = isInside ? 255 : 0;
    if (isInside) inside++;
    if (c > 0 !== isInside) mismatches++;
    p += stride;
    n += stride;
    d += stride;
    m += stride;
  }
  if (inside === 0)
    return {
      channel: mask === undefined ? "nuclear distance" : "nuclear segmentation",
      reason: "shows no nucleus",
    };
  const share = mismatches / plane;
  if (share <= mostMismatch) return share;
  const percent = Math.round(100 * share);
  return {
    channel: "nuclear distance",
    reason: `disagrees with the segmentation on ${percent} % of the pixels`,
  };
}

function faultOf(protein: number, nucleus: number, distance: number, pixel: number): CropFault {
  const isGood = (value: number) => value >= -margin && value <= 1 + margin;
  const [channel, value] = !isGood(protein)
    ? ["protein", protein]
    : !isGood(nucleus)
      ? ["nucleus", nucleus]
      : ["nuclear distance", distance];
  const range = channel === "nuclear distance" ? "a distance in pixels" : "between 0 and 1";
  return { channel, reason: `is ${value} at pixel ${pixel}, not ${range}` };
}
