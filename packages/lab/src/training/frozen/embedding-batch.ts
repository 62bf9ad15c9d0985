// Embeddings of several proteins as one padded batch, for every network that reads what a finished language model makes of
// a sequence.

import { float32, type NdArray } from "@proteoscope/engine";
import type { Protein } from "../../data/atlas/tables.ts";

/** What computes the embedding of a sequence, [tokens, width] as one array. */
export interface SequenceEmbeddings {
  /**
   * The embedding of a sequence, optionally with other compartments than its own: those predicted for another sequence, or
   * a condition vector [width] of them.
   */
  embed(sequence: string, compartments?: string | Float32Array): Promise<Float32Array>;
}

/**
 * Embeddings [B, L, width] of proteins, padded with zeros to the longest, and `mask` bool [B, L], 1 at tokens.
 * `compartments`, one per protein, are passed on to `embed`.
 */
export async function embeddingBatch(
  proteins: readonly Pick<Protein, "sequence">[],
  { embed }: SequenceEmbeddings,
  { embeddingWidth: width }: { readonly embeddingWidth: number },
  compartments: readonly (string | Float32Array)[] = [],
): Promise<{ sequence: NdArray; mask: NdArray }> {
  const rows: Float32Array[] = [];
  for (const [item, { sequence }] of proteins.entries()) rows.push(await embed(sequence, compartments[item]));
  const length = Math.max(...rows.map((row) => row.length / width));
  const data = new Float32Array(rows.length * length * width);
  const mask = new Uint8Array(rows.length * length);
  for (const [item, row] of rows.entries()) {
    data.set(row, item * length * width);
    mask.fill(1, item * length, item * length + row.length / width);
  }
  return {
    sequence: float32([rows.length, length, width], data),
    mask: { dtype: "bool", shape: [rows.length, length], data: mask },
  };
}
