// How well images retrieve their proteins and proteins their images, for every network that is trained on pairs of both. The
// gallery is the proteins of the validated images. An image of known gene has one correct protein; for an image that states
// only its compartment, every protein of the compartment is correct, and chance counts them all.

import { type RetrievalScores, scoreRetrieval, transposeRows } from "@proteoscope/microscope/experiments";
import type { Crop } from "../../data/atlas/tables.ts";
import { chooseCrops } from "../../data/batches/image-batches.ts";
import { isKnownPair, mayShow, type Pair } from "../../data/batches/negative-pairs.ts";
import { validationPair } from "../../data/batches/paired-crops.ts";
import type { Pairing } from "../../data/batches/pairs.ts";
import type { Scores } from "../scores.ts";

/** All crops of known protein and `count` of the others, each with the same protein at every validation. */
export function choosePairs(
  crops: readonly Crop[],
  pairing: Pairing,
  { count, seed }: { readonly count: number; readonly seed: number },
): Pair[] {
  const pairs = crops.flatMap((crop) => validationPair(pairing, crop, seed) ?? []);
  const others = pairs.filter((pair) => !isKnownPair(pair));
  const chosen = new Set(
    chooseCrops(
      others.map(({ crop }) => crop),
      count,
      seed,
    ),
  );
  return [...pairs.filter(isKnownPair), ...others.filter(({ crop }) => chosen.has(crop))];
}

/**
 * `imageToProtein.` and `proteinToImage.` `recall1`, `recall5`, `recall10`, `medianRank`, each with its `chance...`; of
 * images of known protein alone, where there are two proteins, the same after `known.`.
 * @param similarities of each pair's image [pairs] with each pair's protein [pairs]
 */
export function scorePairs(pairs: readonly Pair[], similarities: readonly Float32Array[]): Scores {
  const known = pairs.flatMap((pair, index) => (isKnownPair(pair) ? [index] : []));
  const hasSeveral = new Set(known.map((index) => pairs[index]!.protein.id)).size > 1;
  return {
    ...scoreBothWays(pairs, similarities, [...pairs.keys()]),
    ...(hasSeveral && named("known.", scoreBothWays(pairs, similarities, known))),
  };
}

function scoreBothWays(
  pairs: readonly Pair[],
  similarities: readonly Float32Array[],
  images: readonly number[],
): Scores {
  const firstOf = new Map<string, number>();
  for (const index of images.toReversed()) firstOf.set(pairs[index]!.protein.id, index);
  const proteins = [...firstOf.values()].sort((a, b) => a - b);
  const rows = images.map((image) =>
    Float32Array.from(proteins, (protein) => similarities[image]![protein]!),
  );
  const isRight = (image: number, protein: number) =>
    mayShow(pairs[images[image]!]!, pairs[proteins[protein]!]!.protein);
  return {
    ...named("imageToProtein.", flatten(scoreRetrieval(rows, isRight))),
    ...named(
      "proteinToImage.",
      flatten(scoreRetrieval(transposeRows(rows), (protein, image) => isRight(image, protein))),
    ),
  };
}

function flatten(scores: RetrievalScores | undefined): Scores {
  if (scores === undefined) return {};
  const { recall: at, medianRank, chanceMedianRank } = scores;
  return {
    ...Object.fromEntries(
      at.flatMap(({ k, recall, chance }) => [
        [`recall${k}`, recall],
        [`chanceRecall${k}`, chance],
      ]),
    ),
    ...{ medianRank, chanceMedianRank },
  };
}

function named(prefix: string, scores: Scores): Scores {
  return Object.fromEntries(Object.entries(scores).map(([name, value]) => [`${prefix}${name}`, value]));
}
