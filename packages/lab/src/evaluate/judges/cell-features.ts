// Numbers that describe where a protein lies in a cell and what its texture is, made by hand and of real cells' own
// geometry, so that a judge can be fitted to real images without any network: profile over the distance to the nuclear
// border, contrast of nucleus and cytoplasm, rim, DNA under the protein; granularity (Ravkin & Temov 1988), bands of detail,
// ridges against blobs (Frangi et al. 1998), and the power spectrum. Brightness as such is divided out.

import { directionalSpectrum, gaussianBlur, strongestDirection } from "@proteoscope/imaging";
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
  const { side, protein, distance } = planes;
  const mean = meanWhere(protein, (i) => distance[i]! > -30);
  const profile = profileEdges.slice(1).map((high, bin) => {
    const low = profileEdges[bin]!;
    return [
      `profile ${low} to ${high}`,
      log2Ratio(
        meanWhere(protein, (i) => distance[i]! > low && distance[i]! <= high),
        mean,
      ),
    ];
  });
  const rim = meanWhere(protein, (i) => Math.abs(distance[i]!) < 1.5);
  const isInner = (i: number) => distance[i]! > 4;
  const isRing = (i: number) => distance[i]! < -2.5 && distance[i]! > -7;
  let [light, x, y, square, nuclear] = [0, 0, 0, 0, 0];
  for (let i = 0; i < protein.length; i++) {
    const [dx, dy] = [(i % side) - (side - 1) / 2, Math.floor(i / side) - (side - 1) / 2];
    light += protein[i]!;
    x += protein[i]! * dx;
    y += protein[i]! * dy;
    square += protein[i]! * (dx * dx + dy * dy);
    if (distance[i]! > 0) nuclear += protein[i]!;
  }
  return {
    ...Object.fromEntries(profile),
    contrast: nuclearContrast(planes),
    "rim to inside": log2Ratio(rim, meanWhere(protein, isInner)),
    "rim to outside": log2Ratio(rim, meanWhere(protein, isRing)),
    "DNA under protein": dnaUnderProtein(planes),
    "share in nuclei": light > 0 ? nuclear / light : 0,
    "off centre": light > 0 ? Math.hypot(x, y) / light : 0,
    spread: light > 0 ? Math.sqrt(square / light) : 0,
    ...brightestPlace(planes),
  };
}

const reachPixels = 30; // from the middle of the picture: the cell that it is of
const brightestShare = 0.02;

/** How far the brightest pixels of the middle cell lie apart and from the middle: a Golgi is one patch, vesicles are not. */
function brightestPlace({ side, protein }: CellPlanes): Features {
  const centre = (side - 1) / 2;
  const at = (i: number) => ({ x: (i % side) - centre, y: Math.floor(i / side) - centre });
  const near = Array.from(protein.keys()).filter((i) => Math.hypot(at(i).x, at(i).y) < reachPixels);
  const places = near
    .toSorted((a, b) => protein[b]! - protein[a]!)
    .slice(0, Math.ceil(brightestShare * near.length))
    .map(at);
  const mean = (of: (place: { x: number; y: number }) => number) =>
    places.reduce((sum, place) => sum + of(place), 0) / places.length;
  const middle = { x: mean(({ x }) => x), y: mean(({ y }) => y) };
  return {
    "brightest, spread": Math.sqrt(mean(({ x, y }) => (x - middle.x) ** 2 + (y - middle.y) ** 2)),
    "brightest, off centre": Math.hypot(middle.x, middle.y),
  };
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
    const pixels = Array.from(protein.keys()).filter(isInside);
    if (pixels.length === 0) pixels.push(0);
    const mean = (of: (i: number) => number) => pixels.reduce((sum, i) => sum + of(i), 0) / pixels.length;
    const level = mean((i) => protein[i]!) + floor;
    for (const [band, sigma] of bandSigmas.slice(1).entries()) {
      const energy = mean((i) => (blurred[band]![i]! - blurred[band + 1]![i]!) ** 2);
      features[`${name}, detail ${sigma}`] = Math.log2(Math.sqrt(energy) / level + 1e-3);
    }
    for (const { radius, lost } of openings)
      features[`${name}, grains ${radius}`] = mean((i) => lost[i]!) / level;
    const sorted = Float64Array.from(pixels, (i) => protein[i]!)
      .sort()
      .reverse();
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
