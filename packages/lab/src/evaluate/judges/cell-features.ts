// Numbers that describe where a protein lies in a cell and what its texture is, made by hand and of real cells' own
// geometry, so that a judge can be fitted to real images without any network: profile over the distance to the nuclear
// border, contrast of nucleus and cytoplasm, rim, DNA under the protein; granularity (Ravkin & Temov 1988), bands of detail,
// ridges against blobs (Frangi et al. 1998), and the power spectrum. Brightness as such is divided out.

import { directionalSpectrum, gaussianBlur, keepResults, strongestDirection } from "@proteoscope/imaging";
import { granularity, ridgeness } from "./texture.ts";

/** protein and nucleus in [0, 1], nuclear distance in pixels (positive inside), each [N, N]. */
export interface CellPlanes {
  readonly side: number;
  readonly protein: Float32Array;
  readonly nucleus: Float32Array;
  readonly distance: Float32Array;
}

export type Features = Readonly<Record<string, number>>;

const floor = 0.004; // one grey level of 8 bits: what is darker is as dark
const log2Ratio = (a: number, b: number) => Math.log2((a + floor) / (b + floor));

const profileEdges = [-30, -20, -14, -9, -5, -2, 0, 2, 5, 9, 100];
const ringPixels = 12; // of cytoplasm around the nucleus

/** log2 of mean protein inside nuclei over that of the cytoplasm within 12 pixels of them. */
export function nuclearContrast({ protein, distance }: CellPlanes): number {
  const inside = meanWhere(protein, (i) => distance[i]! > 0);
  return log2Ratio(
    inside,
    meanWhere(protein, (i) => distance[i]! <= 0 && distance[i]! > -ringPixels),
  );
}

/** Mean DNA stain under the protein's light inside nuclei, over the mean of nuclei: below 1 where it sits in DNA's holes. */
export function dnaUnderProtein({ protein, nucleus, distance }: CellPlanes): number {
  let [light, stain, stainUnderLight, area] = [0, 0, 0, 0];
  const least = meanWhere(protein, (i) => distance[i]! > 2);
  for (let i = 0; i < protein.length; i++) {
    if (distance[i]! <= 2) continue; // the border, where both fall off
    const above = Math.max(0, protein[i]! - least);
    light += above;
    stainUnderLight += above * nucleus[i]!;
    stain += nucleus[i]!;
    area++;
  }
  return light > 0 && stain > 0 ? stainUnderLight / light / (stain / area) : 1;
}

/** Where the protein is. */
export function placementFeatures(planes: CellPlanes): Features {
  const { protein, distance } = planes;
  const mean = meanWhere(protein, (i) => distance[i]! > -30);
  const means = profileMeans(planes);
  const profile = profileEdges
    .slice(1)
    .map((high, bin) => [`profile ${profileEdges[bin]} to ${high}`, log2Ratio(means[bin]!, mean)]);
  const rim = meanWhere(protein, (i) => Math.abs(distance[i]!) < 1.5);
  const isInner = (i: number) => distance[i]! > 4;
  const isRing = (i: number) => distance[i]! < -2.5 && distance[i]! > -7;
  const moments = momentsOf(planes);
  return {
    ...Object.fromEntries(profile),
    contrast: nuclearContrast(planes),
    "rim to inside": log2Ratio(rim, meanWhere(protein, isInner)),
    "rim to outside": log2Ratio(rim, meanWhere(protein, isRing)),
    "DNA under protein": dnaUnderProtein(planes),
    ...moments,
    ...brightestPlace(planes),
  };
}

/** Means of the protein between the edges of the profile. */
function profileMeans({ protein, distance }: CellPlanes): Float64Array {
  const bins = profileEdges.length - 1;
  const [sums, counts] = [new Float64Array(bins), new Float64Array(bins)];
  for (let i = 0; i < protein.length; i++) {
    let bin = -1;
    while (bin < bins && distance[i]! > profileEdges[bin + 1]!) bin++;
    if (bin < 0 || bin === bins) continue;
    sums[bin]! += protein[i]!;
    counts[bin]!++;
  }
  return sums.map((sum, bin) => (counts[bin]! > 0 ? sum / counts[bin]! : 0));
}

/** How much of the light is in nuclei, how far its centre is from that of the picture, and how far it spreads. */
function momentsOf({ side, protein, distance }: CellPlanes): Features {
  const centre = (side - 1) / 2;
  let [light, x, y, square, nuclear] = [0, 0, 0, 0, 0];
  for (let row = 0, i = 0; row < side; row++)
    for (let column = 0; column < side; column++, i++) {
      const value = protein[i]!;
      const dx = column - centre;
      const dy = row - centre;
      light += value;
      x += value * dx;
      y += value * dy;
      square += value * (dx * dx + dy * dy);
      if (distance[i]! > 0) nuclear += value;
    }
  return {
    "share in nuclei": light > 0 ? nuclear / light : 0,
    "off centre": light > 0 ? Math.hypot(x, y) / light : 0,
    spread: light > 0 ? Math.sqrt(square / light) : 0,
  };
}

const reachPixels = 30; // from the middle of the picture: the cell that it is of
const brightestShare = 0.02;

/** How far the brightest pixels of the middle cell lie apart and from the middle: a Golgi is one patch, vesicles are not. */
function brightestPlace({ side, protein }: CellPlanes): Features {
  const centre = (side - 1) / 2;
  const near = pixelsNearMiddle(side);
  const values = valuesAt(protein, near);
  const count = Math.ceil(brightestShare * near.length);
  const least = values.slice().sort()[near.length - count]!;
  const above = values.reduce((sum, value) => sum + (value > least ? 1 : 0), 0);
  let atLeast = count - above; // of the pixels of the least value, the first ones
  const places: { x: number; y: number }[] = [];
  for (const [i, pixel] of near.entries())
    if (values[i]! > least || (values[i] === least && atLeast-- > 0))
      places.push({ x: (pixel % side) - centre, y: Math.floor(pixel / side) - centre });
  const mean = (of: (place: { x: number; y: number }) => number) =>
    places.reduce((sum, place) => sum + of(place), 0) / places.length;
  const middle = { x: mean(({ x }) => x), y: mean(({ y }) => y) };
  return {
    "brightest, spread": Math.sqrt(mean(({ x, y }) => (x - middle.x) ** 2 + (y - middle.y) ** 2)),
    "brightest, off centre": Math.hypot(middle.x, middle.y),
  };
}

const pixelsNearMiddle = keepResults((side: number) => {
  const centre = (side - 1) / 2;
  const isNear = (i: number) => Math.hypot((i % side) - centre, Math.floor(i / side) - centre) < reachPixels;
  return Int32Array.from(Array(side * side).keys()).filter(isNear);
});

function valuesAt(plane: Float32Array, pixels: Int32Array): Float32Array {
  const values = new Float32Array(pixels.length);
  for (let i = 0; i < values.length; i++) values[i] = plane[pixels[i]!]!;
  return values;
}

const bandSigmas = [0.7, 1.4, 2.8, 5.6, 11.2];

/** How the protein looks where it is, in nuclei and in the cytoplasm around them. */
export function textureFeatures({ side, protein, distance }: CellPlanes): Features {
  const size = { height: side, width: side };
  const blurred = bandSigmas.map((sigma) => gaussianBlur(protein, size, sigma));
  const regions = {
    nucleus: (i: number) => distance[i]! > 1,
    cytoplasm: (i: number) => distance[i]! < -1 && distance[i]! > -20,
  };
  const openings = granularity(protein, side);
  const { strength, roundness } = ridgeness(blurred[1]!, side);
  const features: Record<string, number> = {};
  for (const [name, isInside] of Object.entries(regions)) {
    const pixels = pixelsWhere(protein.length, isInside);
    const mean = (of: (i: number) => number) => {
      let sum = 0;
      for (let i = 0; i < pixels.length; i++) sum += of(pixels[i]!);
      return sum / pixels.length;
    };
    const level = mean((i) => protein[i]!) + floor;
    for (const [band, sigma] of bandSigmas.slice(1).entries()) {
      const [fine, coarse] = [blurred[band]!, blurred[band + 1]!];
      const energy = mean((i) => (fine[i]! - coarse[i]!) * (fine[i]! - coarse[i]!));
      features[`${name}, detail ${sigma}`] = Math.log2(Math.sqrt(energy) / level + 1e-3);
    }
    for (const { radius, lost } of openings)
      features[`${name}, grains ${radius}`] = mean((i) => lost[i]!) / level;
    const sorted = Float64Array.from(valuesAt(protein, pixels).sort().reverse());
    const light = level * pixels.length;
    for (const share of [0.01, 0.05, 0.2]) {
      const top = sorted.subarray(0, Math.ceil(share * sorted.length)).reduce((sum, value) => sum + value, 0);
      features[`${name}, light of the brightest ${share}`] = top / light;
    }
    const ridges = mean((i) => strength[i]!);
    features[`${name}, roundness`] = ridges > 0 ? mean((i) => strength[i]! * roundness[i]!) / ridges : 0;
    features[`${name}, ridges`] = Math.log2(ridges / level + 1e-3);
  }
  return features;
}

/** The pixels that are meant, in their order; the first of all where there is none. */
function pixelsWhere(count: number, isMeant: (pixel: number) => boolean): Int32Array {
  const pixels = new Int32Array(count);
  let found = 0;
  for (let i = 0; i < count; i++) if (isMeant(i)) pixels[found++] = i;
  return pixels.subarray(0, Math.max(1, found));
}

const finestBands = 3;

/** Power of both channels by band, relative to the whole, and the strongest direction of the finest detail. */
export function spectrumFeatures({ side, protein, nucleus }: CellPlanes): Features {
  const [bands, directions] = [5, 8];
  const features: Record<string, number> = {};
  for (const [name, plane] of Object.entries({ protein, nucleus })) {
    const spectrum = directionalSpectrum(plane, side, { bands, directions });
    const sums = Array.from({ length: bands }, (_, band) =>
      spectrum.subarray(band * directions, (band + 1) * directions).reduce((sum, power) => sum + power, 1e-9),
    );
    const total = sums.reduce((sum, power) => sum + power, 0);
    for (const [band, power] of sums.entries()) features[`${name}, band ${band}`] = Math.log2(power / total);
    const peak = strongestDirection(
      spectrum.map((power) => power + 1e-9),
      directions,
      finestBands,
    );
    features[`${name}, direction`] = Math.log2(peak.ratio);
  }
  return features;
}

function meanWhere(plane: Float32Array, isMeant: (pixel: number) => boolean): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < plane.length; i++) {
    if (!isMeant(i)) continue;
    sum += plane[i]!;
    count++;
  }
  return count > 0 ? sum / count : 0;
}
