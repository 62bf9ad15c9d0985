// A CELL-Diff of random weights, a quarter of a megabyte, whose pictures have the real size of 256 pixels; with its
// autoencoder. What it generates shows nothing; the way there is that of the released weights.

import { initializeWeights } from "@proteoscope/engine";
import {
  autoencoderKlDefaults,
  declareParameters,
  esm2Config,
  type Pretrained,
  savePretrained,
} from "@proteoscope/models";
import { type CellDiffConfig, cellDiffDefaults } from "@proteoscope/models/released";

const config: CellDiffConfig = {
  ...cellDiffDefaults,
  ...{ blockOutChannels: [4, 8, 8, 8], layersPerBlock: 1, normNumGroups: 2, unetAttentionHeads: 1 },
  ...{ hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, maxTokens: 40 },
  esm: esm2Config({ numHiddenLayers: 1, hiddenSize: 16, numAttentionHeads: 2 }),
};
const autoencoder = {
  ...autoencoderKlDefaults,
  ...{ inChannels: 1, outChannels: 1, blockOutChannels: [4, 4, 4], layersPerBlock: 1, normNumGroups: 2 },
};

/** The files by path: `cell_diff/NAME.safetensors` and `vae/NAME.safetensors`, each with its config.json. */
export function tinyCellDiffFiles(name = "hpa_pretrained", numStains: 1 | 3 = 3): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const add = (folder: string, model: Pretrained): void => {
    const weights = initializeWeights(declareParameters(model), 5);
    for (const [path, bytes] of savePretrained({ ...model, weights })) {
      const isConfig = path.endsWith(".json");
      files.set(`${folder}/${isConfig ? "config.json" : `${name}.safetensors`}`, bytes);
    }
  };
  const none = new Map();
  add("cell_diff", { architecture: "cell-diff", config: { ...config, numStains }, weights: none });
  add("vae", { architecture: "autoencoder", config: autoencoder, weights: none });
  return files;
}
