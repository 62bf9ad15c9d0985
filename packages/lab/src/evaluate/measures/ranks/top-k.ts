// Whether the right answer is among the k best, for every k: the curve by which the seed shows how far an image names its
// protein, beside the line of chance, k over the number of answers.

/**
 * The rank of the right answer among scores, counted from 1, larger scores first; equal scores share their ranks, so that
 * constant scores rank as chance does.
 */
export function rankOf(scores: ArrayLike<number>, right: number): number {
  let [above, equal] = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! > scores[right]!) above++;
    else if (i !== right && scores[i] === scores[right]) equal++;
  }
  return 1 + above + equal / 2;
}

/** Share of ranks of at most k, for k = 1 .. most. */
export function topKCurve(ranks: readonly number[], most: number): number[] {
  return Array.from({ length: most }, (_, i) => ranks.filter((rank) => rank <= i + 1).length / ranks.length);
}

/** The share that a random order reaches for k = 1 .. most, of one right answer among `count`. */
export function chanceCurve(count: number, most: number): number[] {
  return Array.from({ length: most }, (_, i) => Math.min(1, (i + 1) / count));
}
