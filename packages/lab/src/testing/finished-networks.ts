// Model folders for tests of trainers that need finished networks: as runs leave them, as small as they get, and never
// trained. Their outputs still differ between proteins and between images.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { f32, i32, initializeWeights, type NdArray, trace } from "@proteoscope/engine";
import {
  autoencoderKlDefaults,
  type CytoselfConfig,
  declareParameters,
  esm2Config,
  featureHead,
  localizationHead,
  type Pretrained,
  sequenceFeatureCount,
} from "@proteoscope/models";
import { compartments } from "../data/atlas/compartments.ts";
import { headFiles, jsonText, type ModelFiles, networkFiles } from "../training/model-files.ts";
import { fixtureSide } from "./atlas-fixture.ts";

async function write(folder: string, files: ModelFiles): Promise<string> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

function untrained(model: Pretrained, seed: number): Pretrained {
  return { ...model, weights: initializeWeights(declareParameters(model), seed) } as Pretrained;
}

/** The result of `train plm`: embeddings of 16 numbers, windows of 62 residues. */
export async function writeSequenceModel(folder: string): Promise<string> {
  const config = esm2Config({
    ...{ hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, initializerRange: 0.3 },
  });
  const head = { labels: compartments, hiddenSize: 8, attentionHeads: 2, terminusWindow: 4, dropout: 0 };
  const { parameters } = trace(
    (w, inputs) => ({ logits: localizationHead(w.at("localization"), head, inputs) }),
    { inputIds: i32(1, "tokens"), representation: f32(1, "tokens", config.hiddenSize) },
  );
  return write(
    folder,
    new Map([
      ...networkFiles("plm", untrained({ architecture: "esm2", config, weights: new Map() }, 1)),
      ...headFiles("localization", { ...head, windowResidues: 62 }, initializeWeights(parameters, 2)),
    ]),
  );
}

/** The result of `train sequence-features`, for the labels of such a model, written into its folder. */
export async function writeFeatureHead(folder: string, seed: number): Promise<string> {
  const head = { labels: compartments, hiddenSize: 4, layers: 1, inputDropout: 0, dropout: 0 };
  const { parameters } = trace(
    (w, { sequenceFeatures }) => ({ logits: featureHead(w, head, sequenceFeatures) }),
    {
      sequenceFeatures: f32(1, sequenceFeatureCount),
    },
  );
  return write(folder, headFiles("sequence_features", head, initializeWeights(parameters, seed)));
}

/** A language model as it is published: without a head of ours, in a folder of its own. */
export async function writePlainEsm2(folder: string): Promise<string> {
  const config = esm2Config({
    ...{ hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, initializerRange: 0.3 },
  });
  const model = untrained({ architecture: "esm2", config, weights: new Map() }, 1);
  const files = [...networkFiles("plm", model)].map(
    ([path, bytes]) => [path.slice("plm/".length), bytes] as const,
  );
  return write(folder, new Map(files));
}

/** The result of `train autoencoder`: latents of 4x8x8 for the crops of the fixture atlas, with little noise. */
export async function writeAutoencoder(folder: string): Promise<string> {
  const config = {
    ...autoencoderKlDefaults,
    ...{ inChannels: 2, outChannels: 2, latentChannels: 4 },
    ...{ blockOutChannels: [8, 8], layersPerBlock: 1, normNumGroups: 4 },
  };
  const model = untrained({ architecture: "autoencoder", config, weights: new Map() }, 3);
  const bias: NdArray = {
    dtype: "float32",
    shape: [8],
    data: Float32Array.of(0, 0, 0, 0, -10, -10, -10, -10), // means, then logarithms of variances
  };
  const weights = new Map([...model.weights, ["quant_conv.bias", bias]]);
  return write(folder, networkFiles("vae", { ...model, weights } as Pretrained));
}

/** The result of `train cytoself`: codes of 4x2x2, and a classifier with confident predictions. */
export async function writeCytoself(folder: string, genes: readonly string[]): Promise<string> {
  const config: CytoselfConfig = {
    inputShape: [2, fixtureSide, fixtureSide],
    encoderArgs: [
      {
        stochasticDepthProb: 0,
        blocksArgs: [
          { expandRatio: 1, kernel: 3, stride: 2, inputChannels: 8, outChannels: 8, numLayers: 1 },
        ],
      },
      {
        stochasticDepthProb: 0,
        blocksArgs: [
          { expandRatio: 2, kernel: 3, stride: 2, inputChannels: 8, outChannels: 8, numLayers: 1 },
        ],
      },
    ],
    vqArgs: { numEmbeddings: 16, embeddingDim: 4, channelSplit: 1, commitmentCost: 0.25, softmaxlossCost: 0 },
    fcOutputIdx: [2],
    fcArgs: { numLayers: 2, numFeatures: 24, dropoutRate: 0.5 },
    numClass: genes.length,
  };
  const { weights, ...model } = untrained({ architecture: "cytoself", config, weights: new Map() }, 4);
  const sharpened = [...weights].map(([name, value]): [string, NdArray] => {
    if (!/^fc_layers.*weight$/.test(name)) return [name, value];
    return [name, { ...value, data: (value.data as Float32Array).map((number) => 3 * number) }];
  });
  const files = networkFiles("cytoself", { ...model, weights: new Map(sharpened) } as Pretrained);
  const stored = JSON.parse(new TextDecoder().decode(files.get("cytoself/config.json") as Uint8Array));
  const proteoscope = {
    ...{ channels: ["protein", "nucleus"], labels: genes, imageVariance: 0.05, distanceScale: 3 },
  };
  return write(folder, new Map([...files, ["cytoself/config.json", jsonText({ ...stored, proteoscope })]]));
}
