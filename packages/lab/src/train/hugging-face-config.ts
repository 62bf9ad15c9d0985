// The config.json of an ESM2 folder as Hugging Face's transformers writes and reads it (EsmConfig), so that what is
// trained here loads there.

import type { Esm2Config } from "@proteoscope/models";

/** Field names of transformers' EsmConfig. */
export function huggingFaceEsmConfig(config: Esm2Config): Record<string, unknown> {
  return {
    architectures: ["EsmForMaskedLM"],
    model_type: "esm",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: config.intermediateSize,
    layer_norm_eps: config.layerNormEps,
    hidden_act: "gelu",
    hidden_dropout_prob: config.hiddenDropoutProb,
    attention_probs_dropout_prob: 0,
    initializer_range: config.initializerRange,
    position_embedding_type: "rotary",
    max_position_embeddings: 1026,
    emb_layer_norm_before: false,
    token_dropout: config.tokenDropout,
    mask_token_id: config.maskTokenId,
    pad_token_id: config.padTokenId,
    is_folding_model: false,
    torch_dtype: "float32",
  };
}
