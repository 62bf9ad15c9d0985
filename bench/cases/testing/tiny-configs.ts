// Networks of a few thousand parameters, for tests of the cases: the shapes of paper size in small.
// One residual block a level is enough to have every kind of layer.
import {
  type AutoencoderKlConfig,
  type AutoencoderTrainingConfig,
  autoencoderKlDefaults,
  esm2Config,
  esmcConfig,
  perceptualAdversarialDefaults,
  type UnetConfig,
  unetDefaults,
} from "@proteoscope/models";
import {
  type CellDiffConfig,
  cellDiffDefaults,
  type SubcellConfig,
  subcellDefaults,
  type VermeerConfig,
  vermeerPresets,
} from "@proteoscope/models/released";

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

export const tinyEsmc = esmcConfig({ hiddenSize: 64, numHiddenLayers: 1, intermediateSize: 32 });

export const tinySubcell: SubcellConfig = {
  ...subcellDefaults,
  ...{ hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 8 },
  ...{ imageSize: 8, patchSize: 4, poolSize: 4, numClassifiers: 0 },
};

export const tinyCellDiff: CellDiffConfig = {
  ...cellDiffDefaults,
  ...{ sampleSize: 4, blockOutChannels: [4, 8], layersPerBlock: 1, normNumGroups: 2 },
  ...{ unetAttentionHeads: 2, hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, maxTokens: 12 },
};

export const tinyVermeer: VermeerConfig = {
  ...vermeerPresets.B,
  ...{ hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 8 },
  ...{ conditionSize: 4, numCodes: 5, numStains: 2, gridSide: 2 },
};

export const tinyEsm2 = esm2Config({ hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 });
