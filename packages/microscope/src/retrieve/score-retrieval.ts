// Retrieval: how far down the list, ordered by similarity, the right answer stands, and how far it would stand by
// chance. Several answers may be right; the best placed counts, which chance takes into account as well.

/** How well queries find their right answers, and how well chance would. */
export interface RetrievalScores {
  /** Queries that have a right answer. */
  readonly queries: number;
  /** Answers to choose among. */
  readonly gallery: number;
  /** Share of queries with a right answer among the first 1, 5 and 10. */
  readonly recall: readonly RecallAt[];
  readonly medianRank: number;
  /** The rank that chance reaches for half of the queries. */
  readonly chanceMedianRank: number;
}

/** Share of queries whose right answer is among the first k. */
export interface RecallAt {
  readonly k: number;
  readonly recall: number;
  /** Recall of a random order. */
  readonly chance: number;
}

export const recallRanks = [1, 5, 10] as const;

/**
 * Scores similarities [queries][gallery]; `isRight` says which answers are right. Ties share their ranks, so that constant
 * similarities score as chance does. Undefined where no query has a right answer.
 */
export function scoreRetrieval(
  similarities: readonly Float32Array[],
  isRight: (query: number, answer: number) => boolean,
): RetrievalScores | undefined {
  const gallery = similarities[0]?.length ?? 0;
  const found = similarities.flatMap((row, query) => {
    const right = Array.from(row.keys()).filter((answer) => isRight(query, answer));
    return right.length === 0 ? [] : [{ rank: bestRank(row, right), right: right.length }];
  });
  if (found.length === 0) return undefined;
  const mean = (numberOf: (query: (typeof found)[number]) => number) =>
    found.reduce((sum, query) => sum + numberOf(query), 0) / found.length;
  const chanceWithin = (k: number) => mean(({ right }) => chanceOfHit(k, right, gallery));
  let chanceMedianRank = 1;
  while (chanceWithin(chanceMedianRank) < 0.5) chanceMedianRank++;
  return {
    queries: found.length,
    gallery,
    recall: recallRanks.map((k) => ({
      k,
      recall: mean(({ rank }) => (rank <= k ? 1 : 0)),
      chance: chanceWithin(k),
    })),
    medianRank: median(found.map(({ rank }) => rank)),
    chanceMedianRank,
  };
}

/** The rank, counted from 1, of the best of the right answers; among equals it stands in the middle. */
function bestRank(row: Float32Array, right: readonly number[]): number {
  const best = right.reduce((most, answer) => Math.max(most, row[answer]!), Number.NEGATIVE_INFINITY);
  const isRight = new Set(right);
  let [above, tied] = [0, 0];
  for (const [answer, value] of row.entries()) {
    if (value > best) above++;
    else if (value === best && !isRight.has(answer)) tied++;
  }
  return 1 + above + tied / (1 + right.filter((answer) => row[answer] === best).length);
}

/** The probability that one of `right` among `gallery` stands among the first k of a random order. */
export function chanceOfHit(k: number, right: number, gallery: number): number {
  let miss = 1;
  for (let rank = 0; rank < Math.min(k, gallery); rank++)
    miss *= Math.max(0, gallery - right - rank) / (gallery - rank);
  return 1 - miss;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** The same similarities with queries and answers exchanged. */
export function transposeRows(rows: readonly Float32Array[]): Float32Array[] {
  return Array.from(rows[0]?.keys() ?? [], (column) => Float32Array.from(rows, (row) => row[column]!));
}
