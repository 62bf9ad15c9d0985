// CLIP and the triplet network as networks that checkpoints hold. The original's CLIP had no learned temperature, so that
// a state dict without one is the triplet network's.

import { matmul, matrixTranspose, mul, type Tensor } from "@proteoscope/engine";
import { z } from "zod";
import { type ConfigFormat, size } from "../checkpoints/config-json.ts";
import type { NetworkDefinition } from "../checkpoints/network-definition.ts";
import { clipScale } from "./clip.ts";
import { type JointEmbeddingConfig, projectImages, unitRows } from "./joint-embedding.ts";
import { projectProteins } from "./projection.ts";
import {
  headsDivide,
  headsRule,
  inferProjections,
  projectionFields,
  projectionParts,
  proteinInputs,
  readProteins,
  withoutIdleToken,
} from "./projection-checkpoint.ts";

/** CLIP: sequence_embed, [sequence_mask] -> seq_embeds; latent -> image_embeds; both -> logits_per_image as well. */
export const clipDefinition = jointEmbeddingDefinition({
  name: "clip",
  title: "proteoclip (proteoscope)",
  className: "ProteoclipLM",
  hasScale: true,
});

/** The triplet network: sequence_embed, [sequence_mask] -> seq_embeds; latent -> image_embeds. */
export const tripletDefinition = jointEmbeddingDefinition({
  name: "triplet",
  title: "proteotriplet (proteoscope)",
  className: "ProteotripletLM",
  hasScale: false,
});

interface Kind<Name extends string> {
  readonly name: Name;
  readonly title: string;
  /** `_class_name` of the configuration. */
  readonly className: string;
  /** Whether it has a learned temperature. */
  readonly hasScale: boolean;
}

function jointEmbeddingDefinition<Name extends string>({
  name,
  title,
  className,
  hasScale,
}: Kind<Name>): NetworkDefinition<Name, JointEmbeddingConfig> {
  const format: ConfigFormat<JointEmbeddingConfig> = {
    schema: z.object({ ...projectionFields, imageEmbeddingDims: size }).refine(headsDivide, headsRule),
    fixed: () => ({ _className: className }),
  };
  return {
    name,
    title,
    format,
    recognizesConfig: (json) => json._class_name === className,
    recognizesNames: (has) =>
      has(/^protein_projection\.projection\.weight$/) &&
      has(/^image_projection\./) &&
      has(/^logit_scale$/) === hasScale,
    canonicalNames: withoutIdleToken,
    inferConfig: inferProjections,
    trainingParts: projectionParts,
    inputs(config) {
      const { sequence_embed, sequence_mask } = proteinInputs(config);
      return {
        sequence_embed: { ...sequence_embed, optional: { with: "latent" } },
        sequence_mask,
        latent: {
          shape: ["images", config.imageEmbeddingDims],
          otherShapes: [["images", "channels", "rows", "columns"]],
          kind: "float",
          optional: true,
        },
      };
    },
    apply(w, { config }, inputs) {
      const outputs: Record<string, Tensor> = {};
      const proteins = readProteins(inputs);
      if (proteins !== undefined) outputs.seq_embeds = projectProteins(w, config, proteins);
      if (inputs.latent === undefined) return outputs;
      outputs.image_embeds = projectImages(w, config, inputs.latent);
      if (!hasScale || outputs.seq_embeds === undefined) return outputs;
      const [images, sequences] = [unitRows(outputs.image_embeds), unitRows(outputs.seq_embeds)];
      outputs.logits_per_image = mul(matmul(images, matrixTranspose(sequences)), clipScale(w));
      return outputs;
    },
  };
}
