// Networks of a few thousand parameters, for tests of the cases: the shapes of paper size in small.
// One residual block a level is enough to have every kind of layer.
import {
  type AutoencoderKlConfig,
  type AutoencoderTrainingConfig,
  autoencoderKlDefaults,
  esm2Config,
  perceptualAdversarialDefaults,
  type UnetConfig,
  unetDefaults,
} from "@proteoscope/models";

export const tinyUnet: UnetConfig = {
  ...unetDefaults,
  sampleSize: 4,
  downBlockTypes: ["CrossAttnDownBlock2D", "DownBlock2D"],
  upBlockTypes: ["UpBlock2D", "CrossAttnUpBlock2D"],
  blockOutChannels: [8, 16],
  ...{ layersPerBlock: 1, attentionHeadDim: 2, normNumGroups: 4 },
  ...{ crossAttentionDim: 6, timeCondProjDim: 6 },
};

export const tinyAutoencoder: AutoencoderKlConfig = {
  ...autoencoderKlDefaults,
  blockOutChannels: [4, 8, 8],
  ...{ layersPerBlock: 1, normNumGroups: 4 },
};

export const tinyLoss: AutoencoderTrainingConfig["loss"] = {
  ...perceptualAdversarialDefaults,
  perceptualNetwork: "squeezenet1.1",
  discriminator: { baseChannels: 4, layers: 1 },
};

export const tinyEsm2 = esm2Config({ hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 });
