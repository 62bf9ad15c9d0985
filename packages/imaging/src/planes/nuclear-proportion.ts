// The nuclear proportion: how much of a protein's light comes from the nucleus, sum(mask * x) / sum(x). It compares images of
// cells of different shapes, and generated with real ones.

/** Nuclear proportion of protein [H, W]; distance [H, W] is the signed nuclear distance, positive inside. NaN for a black image. */
export function nuclearProportion(protein: ArrayLike<number>, distance: ArrayLike<number>): number {
  let inside = 0;
  let all = 0;
  for (let pixel = 0; pixel < protein.length; pixel++) {
    all += protein[pixel]!;
    if (distance[pixel]! > 0) inside += protein[pixel]!;
  }
  return inside / all;
}
