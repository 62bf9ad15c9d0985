// The smallest cytoself that has every part, for tests: images of 16x16, grids of 4x4 and 2x2, three classes. Both
// encoders have stochastic depth, the first a residual bottleneck for it.

import type { CytoselfConfig } from "../cytoself/network.ts";

export const tinyCytoself: CytoselfConfig = {
  inputShape: [2, 16, 16],
  encoderArgs: [
    {
      stochasticDepthProb: 0.2,
      blocksArgs: [
        { expandRatio: 1, kernel: 3, stride: 1, inputChannels: 8, outChannels: 8, numLayers: 1 },
        { expandRatio: 2, kernel: 3, stride: 2, inputChannels: 8, outChannels: 8, numLayers: 2 },
      ],
    },
    {
      stochasticDepthProb: 0.2,
      blocksArgs: [{ expandRatio: 2, kernel: 5, stride: 2, inputChannels: 8, outChannels: 16, numLayers: 1 }],
    },
  ],
  vqArgs: {
    numEmbeddings: 8,
    embeddingDim: 4,
    channelSplit: 1,
    commitmentCost: 0.25,
    softmaxlossCost: 0,
  },
  fcOutputIdx: [2],
  fcArgs: { numLayers: 2, numFeatures: 12, dropoutRate: 0.5 },
  numClass: 3,
};
