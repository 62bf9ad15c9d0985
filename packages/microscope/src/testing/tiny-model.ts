// A whole model folder of random weights, a quarter of a megabyte, made in memory: with it everything around the
// networks is tested as users run it. Its pictures show nothing; those of two seeds differ.

import { f32, initializeWeights, type Trace, trace } from "@proteoscope/engine";
import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { writeNucleusLibrary } from "@proteoscope/imaging";
import { disc } from "@proteoscope/imaging/testing";
import {
  type AnnotatedCompartment,
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  compartmentClassifier,
  declareParameters,
  type Esm2Config,
  type ExtraConditions,
  esm2Config,
  extraTokens,
  extraTypes,
  type FeatureHeadConfig,
  featureHead,
  homologDefaults,
  type LoadedHomologs,
  type LocalizationHeadConfig,
  localizationHead,
  noiseScheduleDefaults,
  type Pretrained,
  type SequenceInput,
  saveExtraConditions,
  saveHomologs,
  savePipeline,
  savePretrained,
  saveSequenceCondition,
  sequenceCondition,
  sequenceFeatureCount,
  sequenceInputWidth,
  type UnetConfig,
  unetDefaults,
} from "@proteoscope/models";
import type { ImagingConstants, MicroscopeModel } from "../model/model.ts";

export { tinyCellDiffFiles } from "./tiny-cell-diff.ts";

export interface ModelShape {
  readonly constants: ImagingConstants;
  readonly languageModel: Esm2Config;
  readonly localization: LocalizationHeadConfig;
  readonly unet: UnetConfig;
  readonly autoencoder: AutoencoderKlConfig;
  readonly classifier: MicroscopeModel["classifier"]["config"];
  /** The part of the sequence that is the condition; every residue when absent. */
  readonly sequenceInput?: SequenceInput;
  /** Context tokens; none when absent. */
  readonly extra?: ExtraConditions;
  /** An annotated protein to compare sequences with, which is in the third compartment; none when absent. */
  readonly homolog?: string;
  /** What is known of that protein, whose gene is KNOWN; nothing when absent. */
  readonly annotated?: readonly AnnotatedCompartment[];
  /** A head on sequence features; none when absent. */
  readonly sequenceFeatures?: FeatureHeadConfig;
}

const cropPixels = 40;
const width = 16;

export const tinyShape: ModelShape = {
  constants: {
    ...{ latentScale: 0.8, distanceScale: 9, pixelSizeMicrons: 1, cropPixels, windowResidues: 24 },
    stains: [],
  },
  languageModel: esm2Config({ hiddenSize: width, numHiddenLayers: 2, numAttentionHeads: 2 }),
  localization: {
    labels: ["nucleus", "cytosol", "golgi_apparatus"],
    ...{ hiddenSize: 8, attentionHeads: 2, terminusWindow: 4, dropout: 0 },
  },
  unet: {
    ...unetDefaults,
    sampleSize: cropPixels / 4,
    downBlockTypes: ["DownBlock2D", "CrossAttnDownBlock2D"],
    upBlockTypes: ["CrossAttnUpBlock2D", "UpBlock2D"],
    blockOutChannels: [8, 16],
    ...{ layersPerBlock: 1, attentionHeadDim: 2, normNumGroups: 4 },
    ...{ crossAttentionDim: width, timeCondProjDim: width },
  },
  autoencoder: {
    ...autoencoderKlDefaults,
    blockOutChannels: [4, 8, 8],
    ...{ layersPerBlock: 1, normNumGroups: 4 },
  },
  classifier: {
    labels: ["nucleus", "cytosol", "other"],
    ...{ classes: 3, channels: [4, 8], normGroups: 4, dropout: 0, distanceScale: 9 },
  },
};

/** A table, a level and cell lines, for a model of `tinyShape`. */
export const tinyExtra = {
  config: {
    tokenWidth: width,
    conditions: [
      { kind: "table", name: "text", genes: ["FBL"], width: 2 },
      { kind: "level", name: "expression", genes: ["FBL"], mean: 3, deviation: 2 },
      { kind: "cell_line", name: "cell_line", cellLines: ["HEK293T", "U2OS"] },
    ],
  },
  tables: new Map([
    ["text", { dtype: "float32", shape: [1, 2], data: Float32Array.of(3, -4) }],
    ["expression", { dtype: "float32", shape: [1, 1], data: Float32Array.of(1) }],
  ]),
} as const satisfies ExtraConditions;

/** The files of a model folder by path; the same for the same shape and seed. */
export function randomModelFiles(shape: ModelShape = tinyShape, seed = 1): Map<string, Uint8Array> {
  const { constants, languageModel, localization, classifier } = shape;
  const random = <T extends Omit<Pretrained, "weights">>(model: T) => {
    const declared = declareParameters({ ...model, weights: new Map() } as unknown as Pretrained);
    return { ...model, weights: initializeWeights(declared, seed) };
  };
  const pipeline = savePipeline({
    unet: random({ architecture: "unet", config: shape.unet }),
    autoencoder: random({ architecture: "autoencoder", config: shape.autoencoder }),
    noiseSchedule: noiseScheduleDefaults,
  });
  const index = JSON.parse(new TextDecoder().decode(pipeline.get("model_index.json")));
  const plm = savePretrained(random({ architecture: "esm2", config: languageModel }));
  const localizationTrace = trace(
    (w, { ids, x }) => ({
      y: localizationHead(w.at("localization"), localization, { inputIds: ids, representation: x }),
    }),
    { ids: { dtype: "int64", shape: [1, 4] }, x: f32(1, 4, languageModel.hiddenSize) },
  );
  const { sequenceInput: input = "full", extra, homolog, sequenceFeatures } = shape;
  const isConditioned = input !== "one_hot";
  const conditionTrace = trace(
    (w, { representation, compartmentLogits }) => ({
      y: sequenceCondition(w, { representation: representation!, compartmentLogits }),
    }),
    {
      representation: f32(1, 4, sequenceInputWidth(input, languageModel)),
      ...(isConditioned && { compartmentLogits: f32(1, localization.labels.length) }),
    },
  );
  const condition = input === "random" ? new Map() : initializeWeights(conditionTrace.parameters, seed);
  const extraWeights =
    extra &&
    initializeWeights(
      trace((w, vectors) => ({ y: extraTokens(w, extra.config, vectors) }), extraTypes(extra.config, 1))
        .parameters,
      seed,
    );
  const featureHeadTrace =
    sequenceFeatures &&
    trace((w, { x }) => ({ y: featureHead(w, sequenceFeatures, x) }), { x: f32(1, sequenceFeatureCount) });
  const classifierTrace = trace((w, { x }) => ({ y: compartmentClassifier(w, classifier, x) }), {
    x: f32(1, 3, constants.cropPixels, constants.cropPixels),
  });
  return new Map([
    ...pipeline,
    ["model_index.json", jsonBytes({ ...index, proteoscope: snakeCaseKeys(constants) })],
    ...[...plm].map(([path, bytes]) => [`plm/${path}`, bytes] as const),
    ...headFiles("localization", localization, localizationTrace, seed),
    ...(input === "full"
      ? [["condition/model.safetensors", writeSafetensors(condition)] as const]
      : saveSequenceCondition({ input, weights: condition })),
    ...(extra === undefined ? [] : saveExtraConditions({ ...extra, weights: extraWeights! })),
    ...(homolog === undefined ? [] : saveHomologs(homologsOf(homolog, localization.labels, shape.annotated))),
    ...(sequenceFeatures === undefined
      ? []
      : headFiles("sequence_features", sequenceFeatures, featureHeadTrace!, seed)),
    ...headFiles("classifier", classifier, classifierTrace, seed),
    ["nuclei.safetensors", discNuclei(constants)],
  ]);
}

/** The protein, and another of the first two labels. */
function homologsOf(
  sequence: string,
  labels: readonly string[],
  annotated: readonly AnnotatedCompartment[] | undefined,
): LoadedHomologs {
  const other = "MLLLARCLLLVLVSSLLVCSG";
  return {
    config: { ...homologDefaults, labels },
    proteins: {
      sequences: new TextEncoder().encode(sequence + other),
      ends: Int32Array.of(sequence.length, sequence.length + other.length),
      shares: Float32Array.of(0, 0, 1, 0.5, 0.5, 0),
    },
    sources: [{ key: "test", title: "Test source", unresolved: [] }],
    annotations:
      annotated === undefined
        ? []
        : [
            {
              ...{ accession: "P00001", gene: "KNOWN", organism: "human", source: "test" },
              compartments: annotated,
            },
            { accession: "P00002", gene: "OTHER", organism: "", source: "test", compartments: [] },
          ],
  };
}

function headFiles(
  folder: string,
  config: object,
  traced: Trace,
  seed: number,
): [string, Uint8Array<ArrayBufferLike>][] {
  const weights = initializeWeights(traced.parameters, seed) as Map<string, NdArray>;
  return [
    [`${folder}/config.json`, jsonBytes(snakeCaseKeys(config))],
    [`${folder}/model.safetensors`, writeSafetensors(weights)],
  ];
}

/** A library of three round nuclei of different sizes. */
function discNuclei({ cropPixels: side, pixelSizeMicrons }: ImagingConstants): Uint8Array {
  const size = { height: side, width: side };
  const masks = [6, 7, 8].map((radius) => disc(size, side / 2, side / 2, radius / pixelSizeMicrons));
  const all = Uint8Array.from(masks.flatMap((mask) => [...mask]));
  return writeNucleusLibrary({
    count: masks.length,
    ...size,
    pixelSizeMicrons,
    nuclei: all.map((inside) => inside * 200),
    masks: all,
    fields: ["disc-6", "disc-7", "disc-8"],
    source: "discs",
    licence: "MIT",
  });
}

/** Bytes of JSON, as the files of a model folder hold it. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function snakeCaseKeys(fields: object): Record<string, unknown> {
  const rename = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [rename(key), value]));
}
