// The configuration of `train diffusion`, and what its options demand of each other.
// Keys are in camelCase here and in snake_case on disk.

import { conditionStains, predictionTypes, sequenceInputs } from "@proteoscope/models";
import { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import { simulatedImageDataSchema } from "../../data/batches/training-images.ts";
import { loopSchema } from "../../training/config.ts";
import { pairingSchema } from "../../training/pairs/pair-config.ts";
import { extraSchema } from "./context.ts";

const probability = z.number().min(0).max(1);

export const diffusionSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`. */
    plm: pathSchema,
    /** The `model` folder of a run of `train autoencoder`. */
    autoencoder: pathSchema,
  }),
  model: z.strictObject({
    /** From the latents inwards. */
    blockOutChannels: z.array(z.int().positive()).min(2),
    /** Whether a level has self-attention and cross-attention to the sequence; the innermost block always has. */
    blocks: z.array(z.enum(["plain", "attention"])),
    layersPerBlock: z.int().positive(),
    attentionHeads: z.int().positive(),
    normNumGroups: z.int().positive(),
    /**
     * Stains of the cell that generation may be conditioned on: "nucleus" is the DNA stain of the crop itself, the others the
     * atlas has in stains_u8.npy.
     */
    stains: z
      .array(z.enum(conditionStains))
      .refine((names) => new Set(names).size === names.length, "names a stain twice")
      .default([]),
  }),
  /** Fraction of samples that are trained without a further stain, for each stain independently. */
  stainDropout: probability.default(0.5),
  /** Fraction of samples that are trained without their sequence, for classifier-free guidance. */
  conditioningDropout: probability,
  /**
   * Fraction of samples whose residue embeddings are another protein's, while their compartment logits stay. The residues
   * of its few training proteins a denoiser learns by heart; for a new protein the logits are the better guide.
   */
  residueSwapProbability: probability.default(0),
  /** Steps over which the fraction of samples with their sequence grows from 0 to 1 - `conditioning_dropout`. */
  conditioningWarmupSteps: z.int().nonnegative().default(0),
  /**
   * "only_cross_attention" trains what the sequence enters by on the denoiser of `train.start_from`;
   * "all_but_cross_attention" trains everything else, without sequences.
   */
  trained: z.enum(["all", "only_cross_attention", "all_but_cross_attention"]).default("all"),
  /** What represents a sequence; all values but "full" are for comparison. */
  sequenceInput: z.enum(sequenceInputs).default("full"),
  /** Whether the annotations of homologs among the training proteins are added to the head's logits. */
  homologs: z.boolean().default(false),
  /**
   * Above 0, generation is conditioned on a target compartment: on a mixture of class prototypes, weighted by the
   * compartments' probabilities to this power, in place of the head's logits.
   */
  targetInverseTemperature: z.number().min(0).max(1000).default(0),
  /** Fraction of training samples that are conditioned on the prototypes of their image's compartments. */
  prototypeProbability: probability.default(0),
  /** Conditions in addition to the sequence. */
  extra: extraSchema.prefault({}),
  /**
   * What the denoiser predicts. At high noise, where the kind of image is settled, an error in the predicted noise is an
   * error many times as large in the image; an error in the velocity is not (Salimans & Ho 2022, arXiv:2202.00512).
   */
  prediction: z.enum(predictionTypes).default("epsilon"),
  pairingInverseTemperature: pairingSchema,
  data: simulatedImageDataSchema,
  train: loopSchema,
});
export type DiffusionConfig = z.infer<typeof diffusionSchema>;

/** @throws ConfigError where an option would have no effect, or would leave parameters that were never trained */
export function checkOptions(config: DiffusionConfig): void {
  const { model, trained, train, targetInverseTemperature, sequenceInput } = config;
  if (model.blocks.length !== model.blockOutChannels.length)
    throw new ConfigError("model.blocks and model.block_out_channels differ in length: give one per level");
  if (config.prototypeProbability > 0 && targetInverseTemperature === 0)
    throw new ConfigError("prototype_probability: there is no target: give target_inverse_temperature");
  if (trained === "only_cross_attention" && train.startFrom === undefined)
    throw new ConfigError("trained: only_cross_attention needs a denoiser: give train.start_from");
  if (trained === "all_but_cross_attention" && config.conditioningDropout < 1)
    throw new ConfigError(
      "trained: all_but_cross_attention learns without sequences: give conditioning_dropout=1",
    );
  if (sequenceInput !== "one_hot" && sequenceInput !== "random") return;
  for (const [name, value] of Object.entries({
    residue_swap_probability: config.residueSwapProbability,
    target_inverse_temperature: targetInverseTemperature,
  }))
    if (value > 0)
      throw new ConfigError(`${name}: sequence_input ${sequenceInput} has no compartment logits: give 0`);
}
