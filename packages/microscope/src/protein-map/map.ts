// What a map of proteins is, as plain JSON: it goes through files,
// HTTP and messages between threads.

/** A protein of a map. */
export interface MappedProtein {
  /** Gene symbol, else accession. */
  readonly symbol: string;
  readonly accession: string;
  /** Annotated compartments, the clearest first. */
  readonly annotated: readonly string[];
  /** Balanced posterior from the sequence alone, in the order of the map's compartments; sums to 1. */
  readonly shares: readonly number[];
  readonly place: readonly [x: number, y: number];
}

/** Proteins in the plane. */
export interface ProteinMap {
  /** Source of the annotations. */
  readonly source: string;
  readonly compartments: readonly string[];
  readonly proteins: readonly MappedProtein[];
}
