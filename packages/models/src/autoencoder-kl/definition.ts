// The autoencoder as a network that checkpoints hold: AutoencoderKL of diffusers, current names and those before 0.17.
// Where there is no configuration, names and shapes give the sizes.

import { z } from "zod";
import { type ConfigFormat, count, type Json, perLevel, size } from "../checkpoints/config-json.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import {
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  decode,
  encode,
  upgradeAutoencoderNames,
} from "./network.ts";

/** The fields of the config.json of diffusers' AutoencoderKL; defaults of absent fields are its own. */
export const autoencoderKlFormat: ConfigFormat<AutoencoderKlConfig> = {
  schema: z
    .object({
      inChannels: size.default(3),
      outChannels: size.default(3),
      latentChannels: size.default(4),
      blockOutChannels: z.array(size).min(1).max(16),
      layersPerBlock: perLevel(count).default(1),
      normNumGroups: count.default(autoencoderKlDefaults.normNumGroups),
    })
    .refine(
      ({ blockOutChannels, normNumGroups }) => blockOutChannels.every((width) => width % normNumGroups === 0),
      { path: ["blockOutChannels"], message: "must be multiples of norm_num_groups" },
    ),
  fixed: ({ blockOutChannels }) => ({
    _className: "AutoencoderKL",
    actFn: "silu",
    downBlockTypes: blockOutChannels.map(() => "DownEncoderBlock2D"),
    upBlockTypes: blockOutChannels.map(() => "UpDecoderBlock2D"),
    midBlockAddAttention: true,
    usePostQuantConv: true,
    useQuantConv: true,
  }),
};

/** The autoencoder, either way: sample -> mean, logvar; latent -> sample. */
export const autoencoderKlDefinition: NetworkDefinition<"autoencoder", AutoencoderKlConfig> = {
  name: "autoencoder",
  title: "AutoencoderKL (diffusers)",
  format: autoencoderKlFormat,
  recognizesConfig: (json) => json._class_name === "AutoencoderKL",
  recognizesNames: (has) => has(/^encoder\.down_blocks\./) && has(/^quant_conv\./),
  canonicalNames: upgradeAutoencoderNames,
  inferConfig: inferAutoencoderConfig,
  trainingParts: [{ prefix: "vae." }, { prefix: "autoencoder.", config: ["autoencoder", "model"] }],
  inputs: ({ inChannels, latentChannels }) => ({
    sample: {
      shape: ["batch", inChannels, "height", "width"],
      kind: "float",
      optional: { with: "latent" },
    },
    latent: { shape: ["latents", latentChannels, "rows", "columns"], kind: "float", optional: true },
  }),
  apply: (w, { config }, { sample, latent }) => ({
    ...(sample && encode(w, config, sample)),
    ...(latent && { sample: decode(w, config, latent) }),
  }),
  smallestSizes: ({ blockOutChannels }) => {
    const side = 2 ** (blockOutChannels.length - 1);
    return { height: side, width: side };
  },
  saved: { weightsFile: "diffusion_pytorch_model.safetensors" },
  exported: {
    files: { "encoder.onnx": ["sample"], "decoder.onnx": ["latent"] },
    sizes({ blockOutChannels }, imageSide) {
      const latentSide = Math.floor(imageSide / 2 ** (blockOutChannels.length - 1)); // every level but the last halves, rounding down
      return { height: imageSide, width: imageSide, rows: latentSide, columns: latentSide };
    },
  },
};

function inferAutoencoderConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  return {
    in_channels: shapeOf("encoder.conv_in.weight")[1],
    out_channels: shapeOf("decoder.conv_out.weight")[0],
    latent_channels: shapeOf("post_quant_conv.weight")[0],
    block_out_channels: Array.from(
      { length: countBlocks(weights, "encoder.down_blocks.#.") },
      (_, index) => shapeOf(`encoder.down_blocks.${index}.resnets.0.conv1.weight`)[0],
    ),
    layers_per_block: countBlocks(weights, "encoder.down_blocks.0.resnets.#."),
  };
}
