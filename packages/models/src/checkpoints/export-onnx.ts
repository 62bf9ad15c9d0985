// Networks as ONNX files, for any runtime: inputs and outputs have the names of the library a network comes from,
// batch and sequence length are open, sides of images are the configuration's. Standard operators alone.
//
//   esm2       input_ids, attention_mask -> last_hidden_state, logits
//   unet       sample, timestep, encoder_hidden_states, encoder_attention_mask, [timestep_cond] -> out_sample
//   autoencoder, two files: sample -> mean, logvar; latent -> sample
//   cytoself   x -> decoder0, vqvec1, ...      clip, triplet, cytoclass   sequence_embed, sequence_mask, [latent] -> ...

import {
  exportOnnxModel,
  f32,
  type InputTypes,
  i64,
  type OnnxModel,
  type Tensor,
  trace,
} from "@proteoscope/engine";
import type { Pretrained } from "./architectures.ts";
import { applyNetwork } from "./run.ts";

export interface ExportOptions {
  /** Side of the images of an autoencoder, in pixels, which its configuration does not tell; 100 when absent. */
  readonly imageSide?: number;
}

/** The files of a network by name; of one with more than 2 GiB of weights, each has its values beside it. */
export function exportNetwork(
  model: Pretrained,
  { imageSide = 100 }: ExportOptions = {},
): ReadonlyMap<string, OnnxModel> {
  const files = Object.entries(graphs(model, imageSide)).map(([file, types]): [string, OnnxModel] => {
    const traced = trace((w, inputs: Readonly<Record<string, Tensor>>) => {
      const outputs = Object.entries(applyNetwork(w, model, inputs));
      return Object.fromEntries(
        outputs.map(([name, value]) => [name in types ? `out_${name}` : name, value]),
      );
    }, types);
    return [file, exportOnnxModel(traced, model.weights, { location: `${file}.data` })];
  });
  return new Map(files);
}

/** What each file takes. */
function graphs(model: Pretrained, imageSide: number): Record<string, InputTypes> {
  switch (model.architecture) {
    case "esm2":
      return { "model.onnx": { input_ids: i64("batch", "tokens"), attention_mask: i64("batch", "tokens") } };
    case "unet": {
      const { inChannels, sampleSize, crossAttentionDim, timeCondProjDim } = model.config;
      const types = {
        sample: f32("batch", inChannels, sampleSize, sampleSize),
        timestep: f32("batch"),
        encoder_hidden_states: f32("batch", "residues", crossAttentionDim),
        encoder_attention_mask: f32("batch", "residues"),
        ...(timeCondProjDim !== null && { timestep_cond: f32("batch", timeCondProjDim) }),
      };
      return { "model.onnx": types };
    }
    case "autoencoder": {
      const { inChannels, latentChannels, blockOutChannels } = model.config;
      // Every level but the last halves, rounding up.
      const latentSide = Math.ceil(imageSide / 2 ** (blockOutChannels.length - 1));
      return {
        "encoder.onnx": { sample: f32("batch", inChannels, imageSide, imageSide) },
        "decoder.onnx": { latent: f32("batch", latentChannels, latentSide, latentSide) },
      };
    }
    case "cytoself":
      return { "model.onnx": { x: f32("batch", ...model.config.inputShape) } };
    case "clip":
    case "triplet":
    case "cytoclass": {
      const { config } = model;
      const types = {
        sequence_embed: f32("batch", "residues", config.proteinEmbeddingDims),
        sequence_mask: f32("batch", "residues"),
        ...("imageEmbeddingDims" in config && { latent: f32("batch", config.imageEmbeddingDims) }),
      };
      return { "model.onnx": types };
    }
  }
}
