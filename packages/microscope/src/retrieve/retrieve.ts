// Retrieval in the feature space of the image classifier: which proteins look like an image, and which images look like a
// protein. Features are standardised over the index, since some vary a thousandfold more than others, and compared by the
// cosine of their angle. How much a rank says is measured on the index itself, each image left out in turn.

import type { IndexItem } from "./index-file.ts";
import { type RetrievalScores, scoreRetrieval } from "./score-retrieval.ts";

/** A protein or an image of the index with its place in the ranking. */
export interface RankedAnswer {
  /** From 1. */
  readonly rank: number;
  /** The protein, or the id of the image. */
  readonly name: string;
  readonly protein: string | null;
  /** Cosine of the angle between the standardised features, -1 to 1. */
  readonly similarity: number;
  /** Number of items that the answer stands for. */
  readonly items: number;
  /** The item of the answer that is most similar to the query. */
  readonly nearest: IndexItem;
}

/** An index at work. */
export interface RetrievalIndex {
  readonly items: readonly IndexItem[];
  readonly proteins: readonly string[];
  /** All proteins by similarity to features [width]: each is the mean of its items. */
  rankProteins(features: Float32Array): RankedAnswer[];
  /** All images by similarity to features [width]; drawn items are none. */
  rankImages(features: Float32Array): RankedAnswer[];
  /**
   * Every item whose protein has items of other fields as a query among all proteins, where its own is the mean of those:
   * how well the index finds what it holds, with chance beside it. Undefined where there is no such item.
   */
  scoreItself(): RetrievalScores | undefined;
}

/** Opens an index. @throws RangeError for no items or features of several widths. */
export function openRetrievalIndex(items: readonly IndexItem[]): RetrievalIndex {
  const width = items[0]?.features.length;
  if (width === undefined || items.some(({ features }) => features.length !== width))
    throw new RangeError("the index holds no items, or features of several widths");
  const standardise = standardisation(items.map(({ features }) => features));
  const vectors = items.map(({ features }) => standardise(features));
  const groups = new Map<string, number[]>();
  for (const [index, { protein }] of items.entries())
    if (protein !== null) groups.set(protein, [...(groups.get(protein) ?? []), index]);
  const sums = new Map([...groups].map(([protein, members]) => [protein, sumOf(members, vectors, width)]));

  const nearestOf = (query: Float32Array, members: readonly number[]): IndexItem => {
    const best = members.reduce((a, b) => (cosine(query, vectors[b]!) > cosine(query, vectors[a]!) ? b : a));
    return items[best]!;
  };
  const rank = (answers: readonly Omit<RankedAnswer, "rank">[]): RankedAnswer[] =>
    [...answers]
      .sort((a, b) => b.similarity - a.similarity)
      .map((answer, index) => ({ rank: index + 1, ...answer }));
  return {
    items,
    proteins: [...groups.keys()],
    rankProteins(features) {
      const query = standardise(features);
      return rank(
        [...groups].map(([protein, members]) => ({
          ...{ name: protein, protein, items: members.length },
          similarity: cosine(query, sums.get(protein)!),
          nearest: nearestOf(query, members),
        })),
      );
    },
    rankImages(features) {
      const query = standardise(features);
      return rank(
        items.flatMap((item, index) => {
          if (item.kind !== "image") return [];
          const similarity = cosine(query, vectors[index]!);
          return [{ name: item.id, protein: item.protein, similarity, items: 1, nearest: item }];
        }),
      );
    },
    scoreItself() {
      const proteins = [...groups.keys()];
      const queries = [...groups].flatMap(([protein, members]) =>
        members.flatMap((index) => {
          const others = members.filter((other) => items[other]!.field !== items[index]!.field);
          return others.length === 0 ? [] : [{ protein, index, others }];
        }),
      );
      const similarities = queries.map(({ protein, index, others }) =>
        Float32Array.from(proteins, (other) =>
          cosine(vectors[index]!, other === protein ? sumOf(others, vectors, width) : sums.get(other)!),
        ),
      );
      return scoreRetrieval(similarities, (query, answer) => proteins[answer] === queries[query]!.protein);
    },
  };
}

/** Brings features to mean 0 and standard deviation 1 over all rows; what does not vary becomes 0. */
function standardisation(rows: readonly Float32Array[]): (features: Float32Array) => Float32Array {
  const width = rows[0]!.length;
  const [mean, deviation] = [new Float64Array(width), new Float64Array(width)];
  for (const row of rows) for (let i = 0; i < width; i++) mean[i]! += row[i]! / rows.length;
  for (const row of rows) for (let i = 0; i < width; i++) deviation[i]! += (row[i]! - mean[i]!) ** 2;
  const scale = deviation.map((square) => Math.sqrt(square / rows.length));
  return (features) => features.map((value, i) => (scale[i]! > 1e-9 ? (value - mean[i]!) / scale[i]! : 0));
}

function sumOf(members: readonly number[], vectors: readonly Float32Array[], width: number): Float32Array {
  const sum = new Float32Array(width);
  for (const index of members) for (let i = 0; i < width; i++) sum[i]! += vectors[index]![i]!;
  return sum;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [both, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! * b[i]!;
    squareA += a[i]! * a[i]!;
    squareB += b[i]! * b[i]!;
  }
  return squareA > 0 && squareB > 0 ? both / Math.sqrt(squareA * squareB) : 0;
}
