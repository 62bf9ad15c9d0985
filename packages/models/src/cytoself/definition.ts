// cytoself as a network that checkpoints hold: CytoselfFull, whose constructor arguments are its configuration. Where
// there is none, shapes give the sizes, and strides and the side of the images are the published ones.

import type { Tensor } from "@proteoscope/engine";
import { z } from "zod";
import { type ConfigFormat, count, type Json, rate, size } from "../checkpoints/config-json.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, hasPart, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { batchCounters, canonicalCytoselfNames } from "./names.ts";
import {
  type CytoselfConfig,
  type CytoselfLevel,
  classifyCode,
  cytoself,
  cytoselfDefaults,
  cytoselfGrids,
  encodeCytoself,
} from "./network.ts";

/** torchvision rounds other widths to multiples of 8. */
const width = size.multipleOf(8, "must be a multiple of 8");

const bottleneckStages = z
  .array(
    z.object({
      expandRatio: z.int().min(1).max(16),
      kernel: z
        .int()
        .min(1)
        .max(15)
        .refine((taps) => taps % 2 === 1, "must be odd"),
      stride: z.int().min(1).max(2),
      inputChannels: width,
      outChannels: width,
      numLayers: z.int().min(1).max(64),
    }),
  )
  .min(1)
  .max(16)
  .refine(
    (stages) =>
      stages.every(({ inputChannels }, i) => i === 0 || inputChannels === stages[i - 1]!.outChannels),
    "a stage's input_channels must be the out_channels of the one before",
  )
  .readonly();

/** Side of an image in pixels: bounded, because the weights of resizing and of the classifiers depend on it. */
const side = z.int().min(8).max(1024);

/** The constructor arguments of CytoselfFull; defaults of absent arguments are its own. */
export const cytoselfFormat: ConfigFormat<CytoselfConfig> = {
  schema: z
    .object({
      inputShape: z.tuple([size, side, side]),
      encoderArgs: z
        .array(z.object({ blocksArgs: bottleneckStages, stochasticDepthProb: rate.default(0.2) }))
        .min(1)
        .max(8)
        .readonly()
        .default(cytoselfDefaults.encoderArgs),
      vqArgs: z.object({
        numEmbeddings: size,
        embeddingDim: size,
        channelSplit: count.default(1),
        commitmentCost: z.number().nonnegative().default(0.25),
        softmaxlossCost: z.number().nonnegative().default(0),
      }),
      fcOutputIdx: z.array(count).default([...cytoselfDefaults.fcOutputIdx]),
      fcArgs: z
        .object({
          numLayers: z.int().min(1).max(64).default(2),
          numFeatures: size.default(1000),
          dropoutRate: rate.default(0.5),
        })
        .default(cytoselfDefaults.fcArgs),
      numClass: size,
    })
    .refine(({ fcOutputIdx, encoderArgs }) => fcOutputIdx.every((level) => level <= encoderArgs.length), {
      path: ["fcOutputIdx"],
      message: "names a level that encoder_args does not have; levels count from 1",
    }),
  fixed: (config) => ({
    _className: "CytoselfFull",
    embShapes: cytoselfGrids(config),
    outputShape: config.inputShape,
    decoderArgs: null,
    fcInputType: "vqvec",
  }),
};

/** cytoself: x -> decoder0 and, per level from 1, encoder#, vqvec#, vqind#, vqindhist#, perplexity#, [fc#]. */
export const cytoselfDefinition: NetworkDefinition<"cytoself", CytoselfConfig> = {
  name: "cytoself",
  title: "CytoselfFull (cytoself)",
  format: cytoselfFormat,
  recognizesConfig: (json) => json._class_name === "CytoselfFull",
  recognizesNames: (has) => has(/(^|\.)vq_layers\.0\.codebook\.weight$/),
  canonicalNames: canonicalCytoselfNames,
  inferConfig: inferCytoselfConfig,
  trainingParts: [
    { prefix: "model.", marker: "vq_layers.0.codebook.weight" },
    { prefix: "cytoself.", config: ["cytoself", "model"] },
  ],
  inputs: ({ inputShape }) => ({ x: { shape: ["batch", ...inputShape], kind: "float" } }),
  apply(w, { config }, { x }) {
    const { reconstruction, levels } = cytoself(w, config, x!, { training: false });
    return Object.assign({ decoder0: reconstruction }, ...levels.map(nameLevel));
  },
  /** The original makes a classifier for every level and uses those of `fcOutputIdx`; it stores the others as well. */
  declareIdle(w, { config, weights }, { x }) {
    const mode = { training: false };
    for (const [index, { vectors, logits }] of encodeCytoself(w, config, x!, mode).entries())
      if (logits === undefined && hasPart(weights, `fc_layers.${index}.`))
        classifyCode(w, config, index + 1, vectors, mode);
  },
  saved: { tensors: batchCounters },
};

/** The outputs of a level by the names of the original's `output_layer`; `fc1` is the first level's classifier. */
function nameLevel(level: CytoselfLevel, index: number): Record<string, Tensor> {
  const { encoded, vectors, indices, histogram, perplexity, logits } = level;
  const number = index + 1;
  return {
    [`encoder${number}`]: encoded,
    [`vqvec${number}`]: vectors,
    [`vqind${number}`]: indices,
    [`vqindhist${number}`]: histogram,
    [`perplexity${number}`]: perplexity,
    ...(logits && { [`fc${number}`]: logits }),
  };
}

function inferCytoselfConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const [numEmbeddings, embeddingDim] = shapeOf("vq_layers.0.codebook.weight");
  const channels = shapeOf("encoders.0.features.0.0.weight")[1];
  const codeChannels = shapeOf("encoders.1.features.0.0.weight")[1]!;
  const layers = countBlocks(weights, "fc_layers.1.fc_list.#.weight");
  return {
    input_shape: [channels, ...cytoselfDefaults.inputShape.slice(1)],
    vq_args: {
      num_embeddings: numEmbeddings,
      embedding_dim: embeddingDim,
      channel_split: codeChannels / embeddingDim!,
    },
    fc_args: { num_layers: layers, num_features: shapeOf("fc_layers.1.fc_list.1.weight")[0] },
    num_class: shapeOf(`fc_layers.1.fc_list.${3 * layers - 2}.weight`)[0],
  };
}
