// The embeddings of residues by a finished language model, for networks that are trained on top of it. Embeddings are cached
// in half precision, up to a limit, since a run uses a protein many times. One protein is computed at a time and every result
// goes through half precision, so that a resumed run gets the same bits.

import { compile, i32, type NdArray, type Runtime } from "@proteoscope/engine";
import { float32ToFloat16, toFloat32 } from "@proteoscope/formats";
import { type LanguageModelConfig, representTokens } from "@proteoscope/models";
import { edgeTokens, tokenBatch } from "../../data/batches/sequence-batches.ts";

export interface ResidueEmbeddings {
  /** The embedding of a protein, [residues, hidden] as one array. */
  embed(sequence: string): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface ResidueEmbeddingsOptions {
  /** Residues that the language model reads: both ends of longer proteins. */
  readonly windowResidues: number;
  /** Memory for cached embeddings. */
  readonly cacheBytes: number;
  /** Whether the embedding has <cls> before the residues and <eos> after them; default false. */
  readonly hasEdges?: boolean;
}

/** Embeds proteins by the last layer of a language model. */
export async function openResidueEmbeddings(
  runtime: Runtime,
  {
    config,
    weights,
  }: { readonly config: LanguageModelConfig; readonly weights: ReadonlyMap<string, NdArray> },
  { windowResidues, cacheBytes, hasEdges = false }: ResidueEmbeddingsOptions,
): Promise<ResidueEmbeddings> {
  const program = await compile(
    runtime,
    (w, { inputIds }) => ({ representation: representTokens(w, config, { inputIds }) }),
    { inputIds: i32(1, "tokens") },
    { weights },
  );
  const cached = new Map<string, Uint16Array>();
  let cachedBytes = 0;
  const compute = async (sequence: string): Promise<Uint16Array> => {
    const residues = Math.min(sequence.length, windowResidues);
    const inputIds = tokenBatch([{ sequence }], residues + edgeTokens);
    const { representation } = await program.run({ inputIds });
    const { data } = representation as { data: Float32Array };
    const [first, last] = hasEdges ? [0, residues + edgeTokens] : [1, 1 + residues];
    return float32ToFloat16(data.subarray(first * config.hiddenSize, last * config.hiddenSize));
  };
  return {
    async embed(sequence) {
      const halves = cached.get(sequence) ?? (await compute(sequence));
      if (!cached.has(sequence) && cachedBytes + halves.byteLength <= cacheBytes) {
        cached.set(sequence, halves);
        cachedBytes += halves.byteLength;
      }
      return toFloat32({ dtype: "float16", shape: [halves.length], data: halves });
    },
    close: () => program.close(),
  };
}
