// What is counted of a data set; plain data, for JSON and for the page.
// Crops that are left out count in `excluded` alone.

/** What a set holds. */
export interface SetCounts {
  readonly name: string;
  readonly licence: string;
  readonly pixelSizeMicrons: number;
  readonly channels: readonly string[];
  readonly side: number;
  readonly crops: number;
  readonly excluded: number;
  readonly fields: number;
  readonly proteinsWithImages: number;
  readonly proteinsWithSequence: number;
  readonly split: string | undefined;
  /** Crops by a word of each column, most frequent first. */
  readonly cropsBySplit: Readonly<Record<string, number>>;
  readonly cropsByCompartment: Readonly<Record<string, number>>;
  readonly cropsByCellLine: Readonly<Record<string, number>>;
  readonly cropsBySource: Readonly<Record<string, number>>;
}
