// SubCell as a network that checkpoints hold: the released encoder, `all_channels_MAE-CellS-ProtS-Pool.pth`, with the
// classifiers of their own files beside it, or one file that has both.

import { z } from "zod";
import { type ConfigFormat, count, type Json, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type { CompanionFile, NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { type SubcellConfig, type SubcellStain, subcell, subcellStains } from "./network.ts";

/** The fields of a config.json. The released files have none: names and shapes show what is in it. */
export const subcellFormat: ConfigFormat<SubcellConfig> = {
  schema: z
    .object({
      stains: z.array(z.enum(subcellStains)).min(1).max(4),
      hiddenSize: size,
      numHiddenLayers: count,
      numAttentionHeads: count,
      intermediateSize: size,
      imageSize: size,
      patchSize: size,
      poolSize: size,
      poolHeads: count,
      numClassifiers: z.int().min(0).max(1000),
      classifierSizes: z.tuple([size, size]),
      numLabels: size,
    })
    .refine(({ hiddenSize, numAttentionHeads }) => hiddenSize % numAttentionHeads === 0, {
      path: ["numAttentionHeads"],
      message: "heads must divide hidden_size",
    })
    .refine(({ imageSize, patchSize }) => imageSize % patchSize === 0, {
      path: ["imageSize"],
      message: "must be a multiple of patch_size",
    }),
  fixed: () => ({ modelType: "subcell", hiddenAct: "gelu", layerNormEps: 1e-12, qkvBias: true }),
};

/** SubCell: pixel_values -> embedding, pool_attention, last_hidden_state, and probabilities where there are classifiers. */
export const subcellDefinition: NetworkDefinition<"subcell", SubcellConfig> = {
  name: "subcell",
  title: "SubCell (CellProfiling)",
  format: subcellFormat,
  recognizesConfig: (json) => json.model_type === "subcell",
  recognizesNames: (has) =>
    has(/^encoder\.embeddings\.patch_embeddings\./) && has(/^pool_model\.attention_v\./),
  canonicalNames: canonicalSubcellNames,
  inferConfig: inferSubcellConfig,
  companionFiles: subcellClassifiers,
  foreignNames: /^(?!encoder\.(embeddings|encoder|layernorm)\.|pool_model\.|classifiers\.)/,
  inputs: ({ stains }) => ({
    pixel_values: { shape: ["cells", stains.length, "height", "width"], kind: "float" },
  }),
  apply(w, { config }, inputs) {
    const { embedding, poolAttention, lastHiddenState, probabilities } = subcell(
      w,
      config,
      inputs.pixel_values!,
    );
    return {
      embedding,
      pool_attention: poolAttention,
      last_hidden_state: lastHiddenState,
      ...(probabilities && { probabilities }),
    };
  },
  smallestSizes: ({ patchSize }) => ({ height: patchSize, width: patchSize }),
  exported: { sizes: ({ imageSize }) => ({ height: imageSize, width: imageSize }) },
};

/** The released names under those of the modules: layers of dropout hold places in the lists of the files. */
function canonicalSubcellNames(tensors: StateDict): StateDict {
  const classifierLayers: Readonly<Record<string, string>> = { 3: "2", 6: "4" };
  const rename = (name: string): string =>
    name
      .replace(/^(pool_model\.attention_[uv])\.1\./, "$1.0.")
      .replace(
        /^(classifiers\.\d+)\.([36])\./,
        (_, start: string, layer: string) => `${start}.${classifierLayers[layer]}.`,
      );
  return new Map([...tensors].map(([name, value]) => [rename(name), value]));
}

/** Classifiers fit their own encoder alone; ten were trained for each. */
function subcellClassifiers(path: string, weights: StateDict): CompanionFile[] {
  const [, start, kind] = /^(.*_)(MAE|ViT)(?:-CellS)?-ProtS-Pool\.pth$/.exec(path) ?? [];
  if (start === undefined || countBlocks(weights, "classifiers.#.") > 0) return [];
  const folder = `${start}${kind}_MLP_classifier`;
  const inside = folder.slice(folder.lastIndexOf("/") + 1);
  return Array.from({ length: 10 }, (_, seed) => ({
    path: `${folder}/${inside}_seed_${seed}.pth`,
    prefix: `classifiers.${seed}.`,
  }));
}

function inferSubcellConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const [hiddenSize, stains, patchSize] = shapeOf("encoder.embeddings.patch_embeddings.projection.weight");
  const tokens = shapeOf("encoder.embeddings.position_embeddings")[1]!;
  const [poolHeads, poolSize] = shapeOf("pool_model.attention.weight");
  const numClassifiers = countBlocks(weights, "classifiers.#.");
  const sizeOf = (layer: number, released: number) =>
    numClassifiers === 0 ? released : shapeOf(`classifiers.0.${layer}.weight`)[0];
  return {
    stains: stainsOf(stains!, place),
    hidden_size: hiddenSize,
    num_hidden_layers: countBlocks(weights, "encoder.encoder.layer.#."),
    num_attention_heads: headsOf(hiddenSize!, place),
    intermediate_size: shapeOf("encoder.encoder.layer.0.intermediate.dense.weight")[0],
    image_size: Math.sqrt(tokens - 1) * patchSize!,
    patch_size: patchSize,
    pool_size: poolSize,
    pool_heads: poolHeads,
    num_classifiers: numClassifiers,
    classifier_sizes: [sizeOf(0, 512), sizeOf(2, 256)],
    num_labels: sizeOf(4, 31),
  };
}

/** Shapes do not show heads: the released width has twelve of 64. */
function headsOf(hiddenSize: number, place: string): number {
  if (hiddenSize === 768) return 12;
  throw new CheckpointError(
    `${place}: the number of attention heads cannot be inferred for a width of ${hiddenSize}: put a config.json beside it`,
  );
}

/** Which stains a number of channels means; that of three stands in the names of the released files. */
function stainsOf(channels: number, place: string): SubcellStain[] {
  const structure = /MT-DNA/.test(place) ? "microtubules" : /ER-DNA/.test(place) ? "er" : undefined;
  if (channels === 4) return [...subcellStains];
  if (channels === 2) return ["nucleus", "protein"];
  if (channels === 3 && structure !== undefined) return [structure, "nucleus", "protein"];
  throw new CheckpointError(
    `${place}: which stains its ${channels} channels are cannot be inferred: put a config.json with stains beside it`,
  );
}
