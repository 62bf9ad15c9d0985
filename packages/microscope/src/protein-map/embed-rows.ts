// UMAP (McInnes, Healy & Melville 2018, arXiv:1802.03426) of embeddings by umap-js: 15 neighbours, least distance 0.1, its random
// numbers from our generator, so that a seed gives one picture.

import { createGenerator } from "@proteoscope/engine";

/** What is embedded. */
export interface UmapRequest {
  /** Rows of one length, brought to comparable scales. */
  readonly rows: readonly Float32Array[];
  readonly seed: number;
}

/** Messages of the thread. */
export interface UmapMessage {
  readonly epoch?: number;
  readonly epochs?: number;
  readonly places?: readonly (readonly [x: number, y: number])[];
  readonly error?: string;
}

const neighbours = 15;
const minDist = 0.1;
const randomBlock = 4096;

/** Places of the rows in the plane; rows fewer than 3 lie in a line. */
export async function embedRows(
  { rows, seed }: UmapRequest,
  onEpoch?: (epoch: number, epochs: number) => void,
): Promise<(readonly [number, number])[]> {
  if (rows.length < 3) return rows.map((_, index) => [index, 0] as const);
  const { UMAP } = await import("umap-js"); // apart, so that a page which only places proteins does not load it
  const umap = new UMAP({
    ...{ minDist, nNeighbors: Math.min(neighbours, rows.length - 1) },
    random: openRandom(seed),
  });
  const vectors = rows.map((row) => Array.from(row));
  const epochs = umap.initializeFit(vectors);
  // `fitAsync` of the same vectors continues what was initialised.
  const places = await umap.fitAsync(vectors, (epoch) => onEpoch?.(epoch, epochs));
  return places.map(([x, y]) => [x!, y!] as const);
}

/** Uniform numbers one by one. */
function openRandom(seed: number): () => number {
  const generator = createGenerator(seed, "umap");
  let [block, at, offset] = [new Float32Array(0), 0, 0];
  return () => {
    if (at === block.length) {
      block = generator.uniform(randomBlock, offset);
      offset += randomBlock;
      at = 0;
    }
    return block[at++]!;
  };
}
