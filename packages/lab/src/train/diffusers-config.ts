// The config.json of models in diffusers' layout, so that what is trained here loads there (diffusers 0.20).
// Field names are diffusers' own, misnomers included.

import type { AutoencoderKlConfig, NoiseScheduleConfig, UnetConfig } from "@proteoscope/models";

const version = "0.20.0";

/** `vae/config.json`; sampleSize is the side of the images in pixels. */
export function diffusersAutoencoderConfig(
  config: AutoencoderKlConfig,
  sampleSize: number,
): Record<string, unknown> {
  const levels = config.blockOutChannels.length;
  return {
    _class_name: "AutoencoderKL",
    _diffusers_version: version,
    act_fn: "silu",
    block_out_channels: config.blockOutChannels,
    down_block_types: Array.from({ length: levels }, () => "DownEncoderBlock2D"),
    in_channels: config.inChannels,
    latent_channels: config.latentChannels,
    layers_per_block: config.layersPerBlock,
    norm_num_groups: config.normNumGroups,
    out_channels: config.outChannels,
    sample_size: sampleSize,
    up_block_types: Array.from({ length: levels }, () => "UpDecoderBlock2D"),
  };
}

/** `unet/config.json`. */
export function diffusersUnetConfig(config: UnetConfig): Record<string, unknown> {
  return {
    _class_name: "UNet2DConditionModel",
    _diffusers_version: version,
    act_fn: "silu",
    attention_head_dim: config.attentionHeadDim,
    block_out_channels: config.blockOutChannels,
    cross_attention_dim: config.crossAttentionDim,
    down_block_types: config.downBlockTypes,
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    in_channels: config.inChannels,
    layers_per_block: config.layersPerBlock,
    mid_block_type: "UNetMidBlock2DCrossAttn",
    norm_eps: config.normEps,
    norm_num_groups: config.normNumGroups,
    out_channels: config.outChannels,
    sample_size: config.sampleSize,
    time_cond_proj_dim: config.timeCondProjDim,
    up_block_types: config.upBlockTypes,
  };
}

/** `scheduler/scheduler_config.json`. */
export function diffusersSchedulerConfig(config: NoiseScheduleConfig): Record<string, unknown> {
  return {
    _class_name: "DDIMScheduler",
    _diffusers_version: version,
    beta_end: config.betaEnd,
    beta_schedule: "linear",
    beta_start: config.betaStart,
    clip_sample: false,
    num_train_timesteps: config.numTrainTimesteps,
    prediction_type: "epsilon",
    set_alpha_to_one: true,
    steps_offset: 0,
    timestep_spacing: "leading",
  };
}
