// The half of an evaluation that is about images: generates what is not on record yet, classifies real crops, looks for the
// nearest training crops, and measures the suite over all of them.

import type { Runtime } from "@proteoscope/engine";
import type { NucleusLibrary } from "@proteoscope/imaging";
import {
  type MicroscopeModel,
  openImageClassifier,
  openMicroscope,
  readModel,
  readModelNuclei,
  type WorkOptions,
} from "@proteoscope/microscope";
import { imageCompartments } from "../data/atlas/compartments.ts";
import { type CropPixels, openCropPixels } from "../data/atlas/crop-pixels.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { type AnswersFile, openAnswers, type SweepRecord } from "./answers-file.ts";
import { openEncoders } from "./encoders/open-encoders.ts";
import { type Autoencoding, openAutoencoding } from "./measures/autoencoding.ts";
import { generateConfidentSubset } from "./predict/confident.ts";
import { type GeneratedRecords, generateAll } from "./predict/images.ts";
import { findNearest } from "./predict/nearest.ts";
import { readRealCrops } from "./predict/real-crops.ts";
import type { LocalizationRequest } from "./predict/sequences.ts";
import { generateSweeps } from "./predict/sweeps.ts";
import type { EvaluationResults, Provenance } from "./report/metrics.ts";
import { drawExamples, type Example } from "./report/pictures.ts";
import { drawSuitePictures, openPairPictures, type SuitePictures } from "./report/suite-pictures.ts";
import { checkData, checkFit, type EvaluatedModel, type EvaluationRequest } from "./request.ts";
import { type EvaluationData, readEvaluationData } from "./sets.ts";
import { strikeHeldOut } from "./strike-held-out.ts";
import { atlasImages } from "./suite/atlas-images.ts";
import {
  boundSubjects,
  type GeneratedImages,
  generatedSamples,
  generatedSubjects,
  pairedCrops,
} from "./suite/generated-images.ts";
import { openRealBounds } from "./suite/real-bounds.ts";
import { measureSuite, type SuiteInput } from "./suite/suite.ts";

export interface ImageRequest extends EvaluationRequest, Pick<LocalizationRequest, "splits"> {
  /** Proteins among which the most confident predictions are looked for. */
  readonly confident: readonly Protein[];
  readonly provenance: (model: Pick<MicroscopeModel, "name" | "checksums">) => Promise<Provenance>;
}

/** What was found of images. */
export interface ImageFindings {
  readonly results: EvaluationResults;
  readonly provenance: Provenance;
  readonly suite: Awaited<ReturnType<typeof measureSuite>>;
  readonly drawExamples: () => Promise<Example[]>;
  readonly drawSuite: () => Promise<SuitePictures>;
}

/** Generates, classifies and compares; `conclude` makes figures while the report folder is still locked. */
export async function evaluateImages<Conclusion>(
  runtime: Runtime,
  { folder }: EvaluatedModel,
  request: ImageRequest,
  work: WorkOptions,
  conclude: (findings: ImageFindings) => Promise<Conclusion>,
): Promise<Conclusion> {
  const { settings, cacheFolder, judges } = request;
  const data = await readEvaluationData(request.data, settings);
  const pixels = await openCropPixels(request.data);
  const [whole, library] = await Promise.all([readModel(folder), readModelNuclei(folder)]);
  const model = strikeHeldOut(whole, request.splits);
  checkFit(model, pixels, settings);
  checkData(data, request);
  const { pixelSizeMicrons } = model.constants;
  const encoderOptions = { side: pixels.height, pixelSizeMicrons, cacheFolder, classifier: model.classifier };
  const encoders = await openEncoders(runtime, judges, encoderOptions);
  const provenance = await request.provenance(model);
  const setup = { model: model.checksums, data: provenance.data.sha256, settings: provenance.settings };
  const answers = await openAnswers(request.output, setup, request);
  try {
    const autoencoding = await openAutoencoding(runtime, model, pixels.height);
    const found = { data, pixels, library, answers, autoencoding };
    const { results, sweeps } = await generateAndClassify(runtime, model, request, found, work);
    const pairPictures = openPairPictures();
    const input: SuiteInput = {
      ...(await suiteOf(request, { ...results, sweeps }, found)),
      ...{ tools: { encoders, pixelSizeMicrons }, seed: settings.seed, onPair: pairPictures.add },
    };
    const suite = await measureSuite(input, work);
    return await conclude({
      ...{ results, provenance, suite },
      drawExamples: () => drawExamples({ ...results, data, pixels, library }),
      drawSuite: () => drawSuitePictures(suite.results, input, pairPictures),
    });
  } finally {
    await Promise.all(encoders.map((encoder) => encoder.close()));
    await answers.close();
  }
}

interface ImageMaterial {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  readonly library: NucleusLibrary;
  readonly answers: AnswersFile;
  readonly autoencoding: Autoencoding;
}

/** All images, what the model's classifier says of them and of real crops, and their nearest training crops. */
async function generateAndClassify(
  runtime: Runtime,
  model: MicroscopeModel,
  request: ImageRequest,
  { data, pixels, library, answers, autoencoding }: ImageMaterial,
  { signal, onProgress }: WorkOptions,
): Promise<{ readonly results: EvaluationResults; readonly sweeps: SweepRecord[] }> {
  const { settings, sets } = request;
  const microscope = openMicroscope(runtime, model);
  const classifier = await openImageClassifier(runtime, model.classifier, pixels.height);
  const tools = { microscope, library, classifier, settings, signal };
  const generated = await generateAll(tools, { data, pixels, request, answers }, onProgress);
  const swept = sets.flatMap((set) => data.proteins[set].slice(0, request.proteins));
  const sweeps = await generateSweeps(tools, request.sweeps, swept, answers, onProgress);
  const confidentRequest = { candidates: request.confident, answers, proteins: request.proteins };
  const confident = await generateConfidentSubset(tools, confidentRequest, onProgress);
  const order = (values: Float32Array) =>
    imageCompartments.map((name) => values[model.classifier.config.labels.indexOf(name)]!);
  const real = await readRealCrops(data, pixels, { classifier, autoencoding }, order, { signal, onProgress });
  const search = { proteins: generated.proteins, data, pixels, library, signal, onProgress };
  const nearest = await findNearest(runtime, search);
  const trainingCrops = data.trainingCrops.length;
  return { results: { ...generated, confident, sets, real, nearest, trainingCrops }, sweeps };
}

/** The sets of images that the suite measures. */
async function suiteOf(
  { data: name, sets, settings }: ImageRequest,
  generated: GeneratedRecords & Pick<GeneratedImages, "confident" | "sweeps">,
  { data, pixels, library, autoencoding }: ImageMaterial,
): Promise<Pick<SuiteInput, "real" | "subjects" | "pairs" | "samples">> {
  const decode = (image: Float32Array) => autoencoding.run(image);
  const records = { ...generated, library };
  const findBounds = openRealBounds(data, settings.seed);
  const pairs = { crops: generated.crops, known: data.knownCrops, pixels, decode, findBounds };
  const sequences = new Map(
    sets.flatMap((set) => data.proteins[set].map(({ protein }) => [protein.id, protein])),
  );
  const decoded = atlasImages("autoencoder", data.unseenCrops, data, pixels, decode);
  return {
    real: atlasImages(name, data.realCrops, data, pixels),
    subjects: [
      ...generatedSubjects(records),
      ...boundSubjects(records, sequences, findBounds, pixels),
      { subject: "autoencoder", set: "all", images: decoded },
    ],
    samples: generatedSamples(records),
    pairs: pairedCrops({ ...pairs, meanImage: await meanOfCrops(data, pixels) }),
  };
}

/** Mean protein channel of the training crops. */
async function meanOfCrops({ trainingCrops }: EvaluationData, pixels: CropPixels): Promise<Float32Array> {
  const mean = new Float32Array(pixels.height * pixels.width);
  for (const { index } of trainingCrops) {
    const { data } = await pixels.read(index);
    for (let i = 0; i < mean.length; i++) mean[i]! += data[i]! / trainingCrops.length;
  }
  return mean;
}
