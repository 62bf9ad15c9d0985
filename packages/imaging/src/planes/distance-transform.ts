// Exact Euclidean distance transform of a binary image: distances along the columns by counting, then along each row the
// lower envelope of parabolas. Linear in the number of pixels, no approximation.
// Felzenszwalb & Huttenlocher, "Distance Transforms of Sampled Functions", Theory of Computing 8 (2012).

/** Rows and columns of a plane, which is stored row by row. */
export interface PlaneSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Distance in pixels from every non-zero pixel to the nearest zero pixel; 0 at zero pixels. mask, result [H, W].
 * Equal to scipy.ndimage.distance_transform_edt, except that a mask without any zero pixel gives Infinity.
 * @throws RangeError for a mask of another size
 */
export function euclideanDistance(mask: ArrayLike<number>, size: PlaneSize): Float32Array {
  const { height, width } = size;
  if (mask.length !== height * width) {
    throw new RangeError(
      `mask holds ${mask.length} pixels but height ${height} x width ${width} is ${height * width}`,
    );
  }
  const squared = distanceAlongColumns(mask, size);
  const scratch = envelopeScratch(width);
  for (let y = 0; y < height; y++) {
    // Behind the zero pixels at both ends of a run there is none that is nearer, so that each run is a line of its own.
    const end = (y + 1) * width;
    for (let i = y * width; i < end; i++) {
      if (squared[i] === 0) continue;
      const first = i > y * width ? i - 1 : i;
      while (i < end && squared[i] !== 0) i++;
      lowerEnvelope(squared, first, Math.min(i + 1, end) - first, scratch);
    }
  }
  const distance = new Float32Array(squared.length);
  for (let i = 0; i < squared.length; i++) if (squared[i] !== 0) distance[i] = Math.sqrt(squared[i]!);
  return distance;
}

/** Squared distance to the nearest zero pixel of the same column; Infinity where it has none. */
function distanceAlongColumns(mask: ArrayLike<number>, { height, width }: PlaneSize): Float64Array {
  const distance = new Float64Array(height * width);
  for (let i = 0; i < distance.length; i++) {
    const above = i < width ? Infinity : distance[i - width]!;
    distance[i] = mask[i] === 0 ? 0 : above + 1;
  }
  for (let i = distance.length - width - 1; i >= 0; i--)
    distance[i] = Math.min(distance[i]!, distance[i + width]! + 1);
  for (let i = 0; i < distance.length; i++) distance[i]! *= distance[i]!; // ** takes twenty times the time
  return distance;
}

interface EnvelopeScratch {
  readonly line: Float64Array; // the samples of the line, copied
  readonly apex: Int32Array; // positions of the parabolas that make up the envelope
  readonly from: Float64Array; // where each of them begins to be the lowest
}

function envelopeScratch(length: number): EnvelopeScratch {
  return {
    line: new Float64Array(length),
    apex: new Int32Array(length),
    from: new Float64Array(length),
  };
}

/** Replaces the line f(0..length-1) by min over q of (p - q)^2 + f(q); infinite f(q) are left out. */
function lowerEnvelope(
  values: Float64Array,
  offset: number,
  length: number,
  { line, apex, from }: EnvelopeScratch,
): void {
  for (let q = 0; q < length; q++) line[q] = values[offset + q]!;

  let count = 0;
  for (let q = 0; q < length; q++) {
    if (line[q] === Infinity) continue;
    let start = -Infinity;
    while (count > 0) {
      const v = apex[count - 1]!;
      start = (line[q]! + q * q - (line[v]! + v * v)) / (2 * (q - v)); // where the two parabolas cross
      if (start > from[count - 1]!) break;
      count--;
      start = -Infinity;
    }
    apex[count] = q;
    from[count] = start;
    count++;
  }
  if (count === 0) return;

  let k = 0;
  for (let p = 0; p < length; p++) {
    while (k + 1 < count && from[k + 1]! < p) k++;
    const v = apex[k]!;
    values[offset + p] = (p - v) * (p - v) + line[v]!;
  }
}
