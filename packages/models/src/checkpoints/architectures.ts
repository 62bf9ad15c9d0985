// The architectures that can be loaded: how a file says which one it is, and which parameters it must then hold.
// What a network's parameters are is asked of the network: it is traced once, on inputs of the smallest size.

import { f32, formatShape, i64, type ParameterDeclaration, trace, WeightsError } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";
import { type AutoencoderKlConfig, decode, encode } from "../autoencoder-kl/network.ts";
import { declareProjections } from "../contrastive/checkpoint.ts";
import type { JointEmbeddingConfig } from "../contrastive/joint-embedding.ts";
import { type CytoselfConfig, classifyCode, cytoself } from "../cytoself/network.ts";
import type { CytoselfRegressorConfig } from "../cytoself/regressor.ts";
import { contactHead, type Esm2Config, esm2, languageModelHead } from "../esm2/network.ts";
import { crossAttentionKeyValues, type UnetConfig, unet } from "../unet/network.ts";

export type StateDict = ReadonlyMap<string, NdArray>;

/** A network ready to be compiled: `weights` are float32, by the names its function declares. */
export type Pretrained =
  | { readonly architecture: "esm2"; readonly config: Esm2Config; readonly weights: StateDict }
  | { readonly architecture: "unet"; readonly config: UnetConfig; readonly weights: StateDict }
  | {
      readonly architecture: "autoencoder";
      readonly config: AutoencoderKlConfig;
      readonly weights: StateDict;
    }
  | { readonly architecture: "cytoself"; readonly config: CytoselfConfig; readonly weights: StateDict }
  | { readonly architecture: "clip"; readonly config: JointEmbeddingConfig; readonly weights: StateDict }
  | { readonly architecture: "triplet"; readonly config: JointEmbeddingConfig; readonly weights: StateDict }
  | {
      readonly architecture: "cytoclass";
      readonly config: CytoselfRegressorConfig;
      readonly weights: StateDict;
    };

export type Architecture = Pretrained["architecture"];

/** What people call it, in messages. */
export const architectureTitles: Readonly<Record<Architecture, string>> = {
  esm2: "ESM2 (Hugging Face EsmModel, EsmForMaskedLM)",
  unet: "UNet2DConditionModel (diffusers)",
  autoencoder: "AutoencoderKL (diffusers)",
  cytoself: "CytoselfFull (cytoself)",
  clip: "proteoclip (proteoscope)",
  triplet: "proteotriplet (proteoscope)",
  cytoclass: "proteocytoclass (proteoscope)",
};

/** Parts of ESM2 that a checkpoint has whole or not at all. */
export const esm2Heads = { languageModel: "lm_head.", contact: "esm.contact_head." };

export function hasPart(weights: StateDict, prefix: string): boolean {
  for (const name of weights.keys()) if (name.startsWith(prefix)) return true;
  return false;
}

/**
 * All parameters of a network by name; of ESM2's heads those that its weights have a part of. The original of cytoself
 * makes a classifier for every level and uses those it is told: what it stored of the others is known too.
 */
export function declareParameters(model: Pretrained): ReadonlyMap<string, ParameterDeclaration> {
  switch (model.architecture) {
    case "esm2": {
      const { config, weights } = model;
      return trace(
        (w, { inputIds }) => {
          const outputs = esm2(w, config, { inputIds });
          const representation = outputs.representations.at(-1)!;
          if (hasPart(weights, esm2Heads.languageModel)) languageModelHead(w, config, representation);
          if (hasPart(weights, esm2Heads.contact)) contactHead(w, config, { inputIds }, outputs);
          return { representation };
        },
        { inputIds: i64(1, 3) },
      ).parameters;
    }
    case "unet": {
      const { config } = model;
      const side = 2 ** (config.blockOutChannels.length - 1);
      const condition = config.timeCondProjDim;
      return trace(
        (w, { sample, timestep, sequence, timestepCond }) => {
          const keyValues = crossAttentionKeyValues(w, config, sequence);
          const inputs = { sample, timestep, keyValues };
          return { sample: unet(w, config, condition === null ? inputs : { ...inputs, timestepCond }) };
        },
        {
          sample: f32(1, config.inChannels, side, side),
          timestep: f32(1),
          sequence: f32(1, 1, config.crossAttentionDim),
          timestepCond: f32(1, condition ?? 1),
        },
      ).parameters;
    }
    case "autoencoder": {
      const { config } = model;
      const side = 2 ** (config.blockOutChannels.length - 1);
      return trace((w, { sample }) => ({ sample: decode(w, config, encode(w, config, sample).mean) }), {
        sample: f32(1, config.inChannels, side, side),
      }).parameters;
    }
    case "cytoself": {
      const { config, weights } = model;
      const mode = { training: false };
      return trace(
        (w, { x }) => {
          const { reconstruction, levels } = cytoself(w, config, x, mode);
          for (const [index, { vectors, logits }] of levels.entries())
            if (logits === undefined && hasPart(weights, `fc_layers.${index}.`))
              classifyCode(w, config, index + 1, vectors, mode);
          return { reconstruction };
        },
        { x: f32(1, ...config.inputShape) },
      ).parameters;
    }
    case "clip":
    case "triplet":
    case "cytoclass":
      return declareProjections(model);
  }
}

/**
 * Holds a network's weights to what it declares.
 *
 * @throws WeightsError with every name that is missing, unexpected or of another shape.
 */
export function checkPretrained(model: Pretrained, place: string): void {
  const declared = declareParameters(model);
  const faults: string[] = [];
  for (const [name, { shape }] of declared) {
    const value = model.weights.get(name);
    if (value === undefined) faults.push(`${name} ${formatShape(shape)} is missing`);
    else if (formatShape(value.shape) !== formatShape(shape))
      faults.push(`${name} is ${formatShape(value.shape)} instead of ${formatShape(shape)}`);
  }
  for (const name of model.weights.keys()) if (!declared.has(name)) faults.push(`${name} is unexpected`);
  if (faults.length > 0)
    throw new WeightsError(
      `${place}: ${faults.length} tensors do not fit ${architectureTitles[model.architecture]} as its configuration has it: ${faults.join("; ")}`,
    );
}
