// The inputs of the localizer: the embeddings of a language model that stays as it is, computed once per protein, or of one
// that LoRA adapts, computed within the step. The trainer sees both through one interface.

import {
  bool,
  f32,
  type InputTypes,
  i32,
  type NdArray,
  type RandomSource,
  type Runtime,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import {
  type EsmBottleneckInputs,
  type LanguageModel,
  type LoraConfig,
  representTokens,
  standardResidueIds,
  withLora,
} from "@proteoscope/models";
import type { Protein } from "../../data/atlas/tables.ts";
import { tokenBatch } from "../../data/batches/sequence-batches.ts";
import { embeddingBatch } from "../../training/frozen/embedding-batch.ts";
import { openResidueEmbeddings, type ResidueEmbeddingsOptions } from "../../training/frozen/residues.ts";

export interface LocalizerBackbone {
  inputTypes(batchSize: number): InputTypes;
  /** Inputs for proteins, in windows of `length` tokens; `mask` bool [B, L] is true at residues. */
  inputs(
    proteins: readonly Protein[],
    length: number,
  ): Promise<Record<string, NdArray> & { readonly mask: NdArray }>;
  /** Embeddings of residues; parameters of the backbone that are trained are declared in `trained`. */
  embed(
    w: Weights,
    inputs: Readonly<Record<string, Tensor>>,
    options: { readonly trained: Weights; readonly random?: RandomSource | undefined },
  ): EsmBottleneckInputs;
  /** Weights that `embed` reads and that are not trained. */
  readonly frozen: ReadonlyMap<string, NdArray>;
  close(): Promise<void>;
}

/** Embeddings of a language model that is not trained. */
export async function frozenBackbone(
  runtime: Runtime,
  plm: LanguageModel,
  options: ResidueEmbeddingsOptions,
): Promise<LocalizerBackbone> {
  const { embed, close } = await openResidueEmbeddings(runtime, plm, options);
  const embeddingWidth = plm.config.hiddenSize;
  return {
    inputTypes: (batchSize) => ({
      sequence: f32(batchSize, "residues", embeddingWidth),
      mask: bool(batchSize, "residues"),
    }),
    inputs: (proteins) => embeddingBatch(proteins, { embed }, { embeddingWidth }),
    embed: (_, inputs) => ({ sequence: inputs.sequence!, mask: inputs.mask! }),
    frozen: new Map(),
    close,
  };
}

/** Embeddings of a language model whose adapter is trained. */
export function adaptedBackbone(plm: LanguageModel, lora: LoraConfig): LocalizerBackbone {
  return {
    inputTypes: (batchSize) => ({ inputIds: i32(batchSize, "tokens"), mask: bool(batchSize, "tokens") }),
    async inputs(proteins, length) {
      const inputIds = tokenBatch(proteins, length);
      const isResidue = (id: number) => Number(id >= standardResidueIds.begin);
      const data = Uint8Array.from(inputIds.data as Int32Array, isResidue);
      return { inputIds, mask: { dtype: "bool", shape: inputIds.shape, data } };
    },
    embed(w, inputs, { trained, random }) {
      const inputIds = inputs.inputIds!;
      const adapted = withLora(w, lora, { random, scope: trained });
      return {
        sequence: representTokens(adapted, plm.config, { inputIds }),
        mask: inputs.mask!,
      };
    },
    frozen: plm.weights,
    close: async () => {},
  };
}
