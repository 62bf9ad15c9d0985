// Where a distribution over compartments falls on a map of proteins: among the proteins whose own distributions are nearest to it.
// UMAP has no such function for later rows that is the same in every run, so it is the mean of the nearest places.

import type { ProteinMap } from "./map.ts";

const nearestCount = 5;

/** Square roots of shares: their Euclidean distance is Hellinger's, up to a factor. */
export function rootsOf(shares: ArrayLike<number>): Float32Array {
  return Float32Array.from(shares, (share) => Math.sqrt(Math.max(0, share)));
}

/**
 * The place of shares by name of the compartment, such as those that the image classifier gives; a compartment that is not
 * named has none. Undefined on a map without proteins.
 */
export function placeAmong(
  { compartments, proteins }: Pick<ProteinMap, "compartments" | "proteins">,
  shares: Readonly<Record<string, number>>,
): readonly [x: number, y: number] | undefined {
  const wanted = rootsOf(compartments.map((name) => shares[name] ?? 0));
  const nearest = proteins
    .map(({ shares: own, place }) => ({ place, distance: distanceOf(rootsOf(own), wanted) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, nearestCount);
  if (nearest.length === 0) return undefined;
  const [sum, x, y] = nearest.reduce(
    ([total, left, top], { place, distance }) => {
      const weight = 1 / (distance + 1e-3);
      return [total + weight, left + weight * place[0], top + weight * place[1]];
    },
    [0, 0, 0],
  ) as [number, number, number];
  return [x / sum, y / sum];
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
}
