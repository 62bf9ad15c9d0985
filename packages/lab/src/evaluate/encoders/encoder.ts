// What looks at a picture of a cell: it gives an embedding, in whose space sets of images are compared, and, where it has a
// classifier of its own, probabilities. Networks, hand-made features and models of other groups all come as one of these.

import { createHash } from "node:crypto";
import type { NdArray } from "@proteoscope/engine";
import type { CellPlanes } from "../judges/cell-features.ts";

/** The images that an encoder learned from: what its answers are worth as evidence depends on it. */
export type TrainedOn =
  | "nothing"
  | "real cells of this data set"
  | "real and simulated cells"
  | "images that it does not name";

/** The result for one cell. */
export interface EncodedCell {
  readonly embedding: Float32Array;
  /** Over `compartments` of the encoder; absent where it has no such classifier. */
  readonly probabilities?: Float32Array;
  /** Logits over `proteins` of the encoder; absent where it has no such classifier. */
  readonly proteinLogits?: Float32Array;
}

/** An open encoder. */
export interface CellEncoder {
  /** As it was asked for, and as figures name it. */
  readonly name: string;
  /** What it is, in words: network, layer, resize. */
  readonly title: string;
  /** SHA-256 of what determines its numbers. */
  readonly identity: string;
  readonly trainedOn: TrainedOn;
  /** Compartments that its own classifier distinguishes. */
  readonly compartments?: readonly string[];
  /** Proteins that its own classifier names, by gene. */
  readonly proteins?: readonly string[];
  /** Number of the embedding's first values by which compartments are judged; all where absent. */
  readonly judged?: number;
  /** The part of an embedding that is of one channel of images; absent where there is none. */
  ofChannel?(embedding: Float32Array, channel: "protein" | "nucleus"): Float32Array;
  encode(cells: readonly CellPlanes[]): Promise<EncodedCell[]>;
  close(): Promise<void>;
}

/** SHA-256 of a network's configuration and weights. */
export function identityOf(
  name: string,
  config: unknown,
  weights: ReadonlyMap<string, NdArray> = new Map(),
): string {
  const hash = createHash("sha256").update(JSON.stringify([name, config]));
  for (const [key, { data }] of [...weights].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(key);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** Cells as images [B, 3, N, N]: protein, nucleus, nuclear distance in pixels. */
export function stackCells(cells: readonly CellPlanes[]): Float32Array {
  const area = (cells[0]?.side ?? 0) ** 2;
  const images = new Float32Array(cells.length * 3 * area);
  for (const [index, { protein, nucleus, distance }] of cells.entries())
    for (const [channel, plane] of [protein, nucleus, distance].entries())
      images.set(plane, (3 * index + channel) * area);
  return images;
}
