// A run of every trainer, as small as it gets: the command's words, the configuration file, and in the order in which
// one run stands on others. Options are chosen to pass through as much of each trainer as four steps can.
const steps = 4;

const train = {
  ...{ steps, learning_rate: 0.01, warmup_steps: 1, average_decay: 0.8 },
  ...{ log_every: 1, validate_every: steps, checkpoint_every: steps },
};
const images = {
  ...{ batch_size: 4, compartment_balance: 0.5, source_balance: 0.3, validation_count: 4 },
  blend_share: { start: 0, end: 0 },
};
const mixedImages = {
  ...images,
  ...{ simulated: "simulated", simulated_share: { start: 0.5, end: 0.2 } },
};
const pairs = { ...images, protein_share: 0.75 };
const sequences = { weight_of_human: 1, weight_of_opencell: 2, validation_count: 12 };
const models = { plm: "plm/model", autoencoder: "autoencoder/model" };
const denoiser = {
  ...{ block_out_channels: [8, 16], blocks: ["plain", "attention"], layers_per_block: 1 },
  ...{ attention_heads: 2, norm_num_groups: 4 },
};
const stage = { kernel: 3, stride: 2, input_channels: 8, out_channels: 8 };

/** A run by its name, with its configuration as it is on disk. */
export interface RecordedRun {
  readonly run: string;
  readonly trainer: string;
  readonly config: object;
}

export const recordedRuns: readonly RecordedRun[] = [
  {
    ...{ run: "plm", trainer: "plm" },
    config: {
      model: { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 },
      head: { hidden_size: 16, attention_heads: 1, terminus_window: 8, dropout: 0.1 },
      data: { ...sequences, lengths: [24, 48], batch_size: 4 },
      ...{ loss: { localization: 1, max_positive_weight: 2 }, train },
    },
  },
  {
    ...{ run: "sequence-features", trainer: "sequence-features" },
    config: {
      model: { hidden_size: 8, layers: 1, input_dropout: 0.1, dropout: 0.2 },
      data: { ...sequences, batch_size: 8 },
      ...{ loss: { max_positive_weight: 2 }, train },
    },
  },
  {
    ...{ run: "autoencoder", trainer: "autoencoder" },
    config: {
      model: { latent_channels: 2, block_out_channels: [8, 8, 8], layers_per_block: 1, norm_num_groups: 2 },
      loss: {
        ...{ pixel_weight: 1, perceptual_weight: 0, kl_weight: 1e-6, discriminator_weight: 0.1 },
        ...{ discriminator: { base_channels: 4, layers: 1 }, adversarial_start: 1 },
      },
      ...{ data: mixedImages, train },
    },
  },
  {
    ...{ run: "classifier", trainer: "classifier" },
    config: {
      model: { channels: [8, 8], norm_groups: 2, dropout: 0.1 },
      data: { ...mixedImages, rules: [{ source: "gallery", gene: "GENE1", weight: 0.5 }] },
      train,
    },
  },
  {
    ...{ run: "diffusion", trainer: "diffusion" },
    config: { models, model: denoiser, drop_rate: 0.2, data: images, train },
  },
  {
    ...{ run: "diffusion with all options", trainer: "diffusion" },
    config: {
      ...{ models, model: denoiser, drop_rate: 0.2, prediction: "v_prediction", ramp_steps: 2 },
      ...{
        homologs: true,
        target_inverse_temperature: 6,
        prototype_probability: 0.5,
        residue_swap_probability: 0.3,
        pairing_inverse_temperature: 2,
      },
      extra: { drop_rate: 0.3, expression: "levels.csv", cell_line: true },
      ...{ data: mixedImages, train },
    },
  },
  {
    ...{ run: "localizer on a bottleneck", trainer: "localizer" },
    config: {
      models: { plm: "plm/model" },
      model: {
        bottleneck: { hidden_size: 16, num_layers: 1, num_heads: 2, feed_forward_size: 16, dropout: 0.05 },
      },
      data: { ...sequences, lengths: [32, 64], batch_size: 4 },
      ...{ loss: { max_positive_weight: 2 }, train },
    },
  },
  {
    ...{ run: "localizer by LoRA", trainer: "localizer" },
    config: {
      models: { plm: "plm/model" },
      model: { lora: { r: 2, lora_alpha: 4, lora_dropout: 0.1, target_modules: ["query", "value"] } },
      data: { ...sequences, lengths: [32, 64], batch_size: 4 },
      ...{ loss: { max_positive_weight: 2 }, train },
    },
  },
  {
    ...{ run: "cytoself", trainer: "cytoself" },
    config: {
      model: {
        encoder_args: [
          { stochastic_depth_prob: 0, blocks_args: [{ ...stage, expand_ratio: 1, num_layers: 1 }] },
          { stochastic_depth_prob: 0.2, blocks_args: [{ ...stage, expand_ratio: 2, num_layers: 2 }] },
        ],
        vq_args: { num_embeddings: 16, embedding_dim: 8 },
        fc_output_idx: [2],
        fc_args: { num_layers: 2, num_features: 16, dropout_rate: 0.1 },
      },
      loss: { vq_coeff: 1, fc_coeff: 1 },
      data: { ...pairs, validation_share: 0.25 },
      train,
    },
  },
  ...["clip", "triplet"].map((trainer) => ({
    ...{ run: trainer, trainer },
    config: { models, model: { projection_dims: 32, dropout: 0.05 }, data: pairs, train },
  })),
  {
    ...{ run: "cytoclass", trainer: "cytoclass" },
    config: {
      models: { plm: "plm/model", cytoself: "cytoself/model" },
      ...{ model: { dropout: 0.05 }, data: pairs, train },
    },
  },
];
