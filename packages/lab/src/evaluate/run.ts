// The evaluation itself: generates the images that are not on record yet, classifies real crops, looks for the nearest
// training crops, scores what is predicted from sequences alone, and makes figures and report.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import { cellFootprint, type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import {
  type MicroscopeModel,
  mostSteps,
  openImageClassifier,
  openMicroscope,
  openProteinEncoder,
  readModel,
  readModelNuclei,
  readSequenceModel,
  type WorkOptions,
} from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { hashFile } from "@proteoscope/models/node";
import { compartments, imageCompartments } from "../data/atlas/compartments.ts";
import { type CropPixels, openCropPixels } from "../data/atlas/crop-pixels.ts";
import { labelOf } from "../data/atlas/label-class.ts";
import { readSequences } from "../data/atlas/sequences.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { answersFileName, openAnswers } from "./answers-file.ts";
import { openAutoencoding } from "./measures/autoencoding.ts";
import { findNearestCrops, type NearestCrop } from "./measures/memorisation.ts";
import { generateConfidentSubset } from "./predict/confident.ts";
import { type GeneratedRecords, generateAll } from "./predict/images.ts";
import { judgeAll } from "./predict/judge.ts";
import { type DrawSettings, decodePlane } from "./predict/proteins.ts";
import { readRealCrops } from "./predict/real-crops.ts";
import { type Baselines, baselineNames, fitBaselines } from "./predict/sequence-methods.ts";
import { calibrationProteins, judgeLocalization, type LocalizationRequest } from "./predict/sequences.ts";
import {
  type EvaluationResults,
  type Metrics,
  measureImages,
  type Provenance,
  type UnseenSet,
} from "./report/metrics.ts";
import { drawExamples, type Example } from "./report/pictures.ts";
import { renderReport } from "./report/report-html.ts";
import { type EvaluationData, readEvaluationData } from "./sets.ts";
import { strikeHeldOut } from "./strike-held-out.ts";

/** What to evaluate, on which data, where to write. */
export interface EvaluationRequest {
  /** Atlas folder. */
  readonly data: string;
  /** Report folder. */
  readonly output: string;
  /** One half of the evaluation; both halves where undefined. */
  readonly only: "images" | "localization" | undefined;
  readonly sets: readonly UnseenSet[];
  /** Largest number of proteins per set. */
  readonly proteins: number;
  readonly settings: DrawSettings;
  readonly resume: boolean;
  /** Versions of the programs that evaluate, by name, for the provenance. */
  readonly software: Readonly<Record<string, string>>;
}

/** A model folder to evaluate. */
export interface EvaluatedModel {
  readonly folder: FileSource;
  /** Parts that came from another model, since this one has none. */
  readonly borrowed: readonly string[];
}

/** The figures of an evaluation, and the files of its report by name: metrics.json and report.html. */
export interface Evaluation {
  readonly metrics: Metrics;
  readonly files: ReadonlyMap<string, string>;
}

const atlasFiles = ["crops.csv", "crops_u8.npy", "proteins.csv", "localisation.csv"];

/**
 * Evaluates a model on an atlas folder: compartments of generated images, and compartments predicted from sequences.
 * Records that are written before an error or an abort stay in the report folder, for `resume`.
 * @throws ProteoscopeError, what the readers of model and atlas throw, the signal's reason when it is aborted.
 */
export async function evaluateModel(
  runtime: Runtime,
  model: EvaluatedModel,
  request: EvaluationRequest,
  options: WorkOptions,
): Promise<Evaluation> {
  const { only, output, settings } = request;
  if (only === "localization" && existsSync(join(output, answersFileName)))
    throw new ProteoscopeError(`${output} holds an evaluation of images: name another folder`, {
      kind: "usage",
      field: "output",
    });
  const splits = await readSequences(request.data);
  checkSequences(splits, request.data);
  const openBaselines = () => fitBaselines(splits.get("train") ?? [], calibrationProteins(splits), settings);
  const localize = async (baselines: Baselines) =>
    evaluateSequences(runtime, model, { splits, baselines, seed: settings.seed }, options);
  if (only === "localization") {
    const { name, checksums } = await readSequenceModel(model.folder);
    const provenance = {
      ...(await provenanceOf({ name, checksums }, model.borrowed, request)),
      settings: { seed: settings.seed },
    };
    const localization = await localize(openBaselines());
    return reportOf({ provenance, images: null, localization }, []);
  }
  const confident = [
    ...calibrationProteins(splits),
    ...(splits.get("test") ?? []).filter(({ isHuman }) => isHuman),
  ];
  return evaluateImages(
    runtime,
    model,
    { ...request, confident, splits },
    options,
    async (results, provenance, draw) => {
      options.onProgress?.({ phase: "baselines and figures", done: 0, total: 1, unit: "steps" });
      const baselines = openBaselines();
      const images = measureImages(withBaselines(results, splits, baselines), { seed: settings.seed });
      const localization = only === "images" ? null : await localize(baselines);
      return reportOf({ provenance, images, localization }, await draw());
    },
  );
}

function reportOf(metrics: Metrics, examples: readonly Example[]): Evaluation {
  const files = new Map([
    ["metrics.json", `${JSON.stringify(metrics, null, 2)}\n`],
    ["report.html", renderReport(metrics, examples)],
  ]);
  return { metrics, files };
}

/** The evaluation of what is predicted from sequences alone. */
async function evaluateSequences(
  runtime: Runtime,
  { folder }: EvaluatedModel,
  request: LocalizationRequest,
  options: WorkOptions,
) {
  const model = strikeHeldOut(await readSequenceModel(folder), request.splits);
  const reader = await openProteinEncoder(runtime, model);
  try {
    return await judgeLocalization(reader, request, options);
  } finally {
    await reader.close();
  }
}

interface ImageRequest extends EvaluationRequest, Pick<LocalizationRequest, "splits"> {
  /** Proteins among which the most confident predictions are looked for. */
  readonly confident: readonly Protein[];
}

/** Generates, classifies and compares; `conclude` makes figures while the report folder is still locked. */
async function evaluateImages(
  runtime: Runtime,
  { folder, borrowed }: EvaluatedModel,
  request: ImageRequest,
  { signal, onProgress }: WorkOptions,
  conclude: (
    results: EvaluationResults,
    provenance: Provenance,
    drawExamplesOfThem: () => Promise<Example[]>,
  ) => Promise<Evaluation>,
): Promise<Evaluation> {
  const { settings } = request;
  const data = await readEvaluationData(request.data, settings);
  const pixels = await openCropPixels(request.data);
  const [whole, library] = await Promise.all([readModel(folder), readModelNuclei(folder)]);
  const model = strikeHeldOut(whole, request.splits);
  checkFit(model, pixels, settings);
  checkData(data, request);
  const provenance = await provenanceOf(model, borrowed, request);
  const setup = {
    model: model.checksums,
    data: provenance.data.sha256,
    settings: provenance.settings,
  };
  const answers = await openAnswers(request.output, setup, request);
  try {
    const microscope = openMicroscope(runtime, model);
    const classifier = await openImageClassifier(runtime, model.classifier, pixels.height);
    const autoencoding = await openAutoencoding(runtime, model, pixels.height);
    const tools = { microscope, library, classifier, settings, signal };
    const generated = await generateAll(tools, { data, pixels, request, answers }, onProgress);
    const confidentRequest = { candidates: request.confident, answers, proteins: request.proteins };
    const confident = await generateConfidentSubset(tools, confidentRequest, onProgress);
    const order = (values: Float32Array) =>
      imageCompartments.map((name) => values[model.classifier.config.labels.indexOf(name)]!);
    const real = await readRealCrops(data, pixels, { classifier, autoencoding }, order, {
      signal,
      onProgress,
    });
    const judge = await judgeAll(
      { proteins: generated.proteins, data, pixels, library },
      { seed: settings.seed },
      { signal, onProgress },
    );
    const nearest = await findNearest(runtime, { ...generated, data, pixels, library, signal, onProgress });
    const trainingCrops = data.trainingCrops.length;
    const results: EvaluationResults = {
      ...generated,
      confident,
      sets: request.sets,
      real,
      judge,
      nearest,
      trainingCrops,
    };
    return await conclude(results, provenance, () => drawExamples({ ...results, data, pixels, library }));
  } finally {
    await answers.close();
  }
}

async function provenanceOf(
  { name, checksums }: Pick<MicroscopeModel, "name" | "checksums">,
  borrowed: readonly string[],
  { data, settings, software }: EvaluationRequest,
): Promise<Provenance> {
  return {
    synthetic: true,
    software,
    model: { name, sha256: checksums, borrowed },
    data: { name: data, sha256: await hashAtlas(data) },
    settings: { ...settings },
  };
}

/** Adds the baselines' posteriors of unseen proteins; the baselines were fitted to the seen ones. */
function withBaselines(
  results: EvaluationResults,
  splits: LocalizationRequest["splits"],
  baselines: Baselines,
): EvaluationResults {
  const sequences = new Map([...splits.values()].flat().map(({ id, sequence }) => [id, sequence]));
  const indices = imageCompartments.map((name) => compartments.indexOf(name));
  const proteins = results.proteins.map((record) => {
    const sequence = sequences.get(record.id);
    if (record.set === "seen" || sequence === undefined) return record;
    const predictions = baselineNames.map((name) => {
      const { posterior } = baselines[name](sequence);
      return [name, indices.map((index) => posterior[index]!)] as const;
    });
    return { ...record, baselines: Object.fromEntries(predictions) as Record<keyof Baselines, number[]> };
  });
  return { ...results, proteins };
}

function checkFit(model: MicroscopeModel, { height, width }: CropPixels, settings: DrawSettings): void {
  const { cropPixels } = model.constants;
  const bad = (message: string) => new ProteoscopeError(message, { kind: "data" });
  if (height !== cropPixels || width !== cropPixels)
    throw bad(
      `the atlas has crops of ${height}x${width} pixels, ${model.name} generates ${cropPixels}x${cropPixels}`,
    );
  for (const part of ["classifier", "localization"] as const) {
    const missing = imageCompartments.find((name) => !model[part].config.labels.includes(name));
    if (missing !== undefined)
      throw bad(`${model.name}/${part}: has no label "${missing}", so it cannot be evaluated on an atlas`);
  }
  const most = mostSteps(model, settings.sampler);
  if (settings.steps > most)
    throw new ProteoscopeError(`at most ${most} steps for ${settings.sampler}, got ${settings.steps}`, {
      kind: "usage",
      field: "steps",
    });
}

function checkData(
  { proteins, trainingCrops, unseenCrops }: EvaluationData,
  request: EvaluationRequest,
): void {
  const bad = (what: string) => new ProteoscopeError(`${request.data}: ${what}`, { kind: "data" });
  for (const set of request.sets)
    if (proteins[set].length === 0) throw bad(`has no unseen protein of one compartment in the set ${set}`);
  if (trainingCrops.length === 0 || unseenCrops.length === 0)
    throw bad("has no crops of both kinds, trained on and not, to compare images with");
}

function checkSequences(splits: LocalizationRequest["splits"], data: string): void {
  const isConditioned = (protein: Protein) => labelOf(protein) !== undefined;
  const bad = (what: string) => new ProteoscopeError(`${data}: has no ${what}`, { kind: "data" });
  if ((splits.get("train") ?? []).length === 0) throw bad("protein to fit the baselines to");
  if (!calibrationProteins(splits).some(isConditioned))
    throw bad("human protein of one compartment in the calibration partition");
}

async function hashAtlas(folder: string): Promise<Record<string, string>> {
  const sums = atlasFiles.map(async (file) => [file, await hashFile(join(folder, file))] as const);
  return Object.fromEntries(await Promise.all(sums));
}

interface NearestCropSearch extends GeneratedRecords, WorkOptions {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  readonly library: NucleusLibrary;
}

/** The nearest training crop of every generated image and of every unseen real one, in their order. */
async function findNearest(
  runtime: Runtime,
  { proteins, data, pixels, library, signal, onProgress }: NearestCropSearch,
): Promise<Record<"unseen" | "seen" | "real", NearestCrop[]>> {
  const area = pixels.height * pixels.width;
  const drawn = proteins.map((record) => ({
    isSeen: record.set === "seen",
    protein: decodePlane(record.drawn.protein),
    footprint: cellFootprint(pickNucleus(library, record.nucleus).distance),
  }));
  const real = await Promise.all(
    data.unseenCrops.map(async ({ index }) => {
      const image = await pixels.read(index);
      return {
        protein: image.data.subarray(0, area),
        footprint: cellFootprint(image.data.subarray(2 * area)),
      };
    }),
  );
  const crops = await Promise.all(
    data.trainingCrops.map(async ({ index }) => (await pixels.read(index)).data.subarray(0, area)),
  );
  const found = await findNearestCrops(runtime, [...drawn, ...real], crops, pixels.height, {
    ...{
      signal,
      onCompared: (done) =>
        onProgress?.({ phase: "nearest crops", done, total: crops.length, unit: "crops" }),
    },
  });
  return {
    unseen: found.filter((_, i) => drawn[i]?.isSeen === false),
    seen: found.filter((_, i) => drawn[i]?.isSeen === true),
    real: found.slice(drawn.length),
  };
}
