// Whether images lie nearer to the real images of their own protein than to those of others: mean distance of pairs, the mean
// where proteins are exchanged, and the p-value of a permutation test over proteins (not over images, of which one protein
// has many that resemble each other).

import { createGenerator } from "@proteoscope/engine";
import { groupBy } from "../../../data/group-by.ts";

export interface EmbeddedPair {
  readonly protein: string;
  readonly generated: ArrayLike<number>;
  readonly real: ArrayLike<number>;
}

export interface PairedDistance {
  readonly proteins: number;
  readonly pairs: number;
  /** Mean over proteins of the mean squared difference per dimension of an image and the real one of its pair. */
  readonly paired: number;
  /** The same where each protein's generated images are compared with another protein's real ones, averaged over permutations. */
  readonly shuffled: number;
  /** Share of permutations, the identity counted, whose mean is no larger than that of the pairs. */
  readonly p: number;
}

/** Tests pairs by permutation of proteins; undefined for fewer than two proteins. */
export function pairedDistance(
  pairs: readonly EmbeddedPair[],
  { seed = 0, permutations = 1000 }: { readonly seed?: number; readonly permutations?: number } = {},
): PairedDistance | undefined {
  const proteins = [...groupBy(pairs, ({ protein }) => protein).values()];
  const count = proteins.length;
  if (count < 2) return undefined;
  const average = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  // Distances of proteins: own pairs as they are paired, others over all combinations.
  const distances = proteins.map((own, i) =>
    proteins.map((other, j) =>
      i === j
        ? average(own.map(({ generated, real }) => meanSquare(generated, real)))
        : average(own.flatMap(({ generated }) => other.map(({ real }) => meanSquare(generated, real)))),
    ),
  );
  const meanOf = (order: ArrayLike<number>) => average(distances.map((row, i) => row[order[i]!]!));
  const paired = meanOf([...proteins.keys()]);
  const shuffled = Array.from({ length: permutations }, (_, round) =>
    meanOf(createGenerator(seed, "permutations", round).shuffle(count)),
  );
  return {
    ...{ proteins: count, pairs: pairs.length, paired, shuffled: average(shuffled) },
    p: (1 + shuffled.filter((value) => value <= paired).length) / (1 + permutations),
  };
}

function meanSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum / a.length;
}
