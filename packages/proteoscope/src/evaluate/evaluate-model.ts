// The evaluation itself: asks the model of every protein what is not answered yet, reads the real crops, looks for the
// nearest training crops, judges what is read off sequences alone, and writes figures and report. What `evaluate` does,
// apart from words and exit codes.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { cellFootprint, type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import {
  type CropPixels,
  compartments,
  type EvaluationData,
  findNearestCrops,
  imageCompartments,
  labelOf,
  type NearestCrop,
  openCropPixels,
  type Protein,
  readEvaluationData,
  readSequences,
} from "@proteoscope/lab";
import {
  type MicroscopeModel,
  mostSteps,
  openImageReader,
  openMicroscope,
  openProteinReader,
  readModel,
  readModelNuclei,
  readSequenceModel,
} from "@proteoscope/microscope";
import { hashFile } from "../checksums.ts";
import type { CommandContext } from "../command.ts";
import { CommandError, exitCodes } from "../errors.ts";
import { withOutputFolder } from "../output.ts";
import { packageVersion } from "../package-files.ts";
import { startProgress } from "../progress.ts";
import { answersFileName, openAnswers } from "./answers-file.ts";
import { type Asked, askAll } from "./ask-all.ts";
import { type DrawSettings, decodePlane } from "./ask-model.ts";
import { askAllConfident } from "./ask-told.ts";
import { openAutoencoding } from "./autoencode-crops.ts";
import type { EvaluatedModel } from "./evaluated-model.ts";
import { calibrationProteins, judgeLocalization, type LocalizationRequest } from "./judge-localization.ts";
import {
  type EvaluationResults,
  type Metrics,
  measureImages,
  type Provenance,
  type UnseenSet,
} from "./metrics.ts";
import { readRealCrops } from "./real-crops.ts";
import { renderReport } from "./report-html.ts";
import { drawExamples, type Example } from "./report-pictures.ts";
import { type Baselines, baselineNames, fitBaselines } from "./sequence-methods.ts";

export interface EvaluationRequest {
  /** Atlas folder. */
  readonly data: string;
  /** Report folder. */
  readonly output: string;
  /** Half of an evaluation; both where undefined. */
  readonly only: "images" | "localization" | undefined;
  readonly sets: readonly UnseenSet[];
  /** Of each set, at most. */
  readonly proteins: number;
  readonly settings: DrawSettings;
  readonly resume: boolean;
}

type Words = Pick<CommandContext, "signal" | "stderr">;

const atlasFiles = ["crops.csv", "crops_u8.npy", "proteins.csv", "localisation.csv"];

/** @throws CommandError and what the readers of model and atlas throw; what is answered by then stays answered. */
export async function evaluateModel(
  runtime: Runtime,
  model: EvaluatedModel,
  request: EvaluationRequest,
  words: Words,
): Promise<Metrics> {
  const { only, output, settings } = request;
  if (only === "localization" && existsSync(join(output, answersFileName)))
    throw new CommandError(`${output} holds an evaluation of images: name another folder`, exitCodes.usage);
  const splits = await readSequences(request.data);
  checkSequences(splits, request.data);
  const openBaselines = () => fitBaselines(splits.get("train") ?? [], calibrationProteins(splits), settings);
  const localize = async (baselines: Baselines) =>
    evaluateSequences(runtime, model, { splits, baselines, seed: settings.seed }, words);
  if (only === "localization") {
    const { name, checksums } = await readSequenceModel(model.folder);
    const provenance = {
      ...(await provenanceOf({ name, checksums }, model.borrowed, request)),
      settings: { seed: settings.seed },
    };
    const localization = await localize(openBaselines());
    return writeReport(output, { provenance, images: null, localization }, [], words);
  }
  const confident = [
    ...calibrationProteins(splits),
    ...(splits.get("test") ?? []).filter(({ isHuman }) => isHuman),
  ];
  return evaluateImages(
    runtime,
    model,
    { ...request, confident },
    words,
    async (evidence, provenance, draw) => {
      words.stderr.write("fitting the baselines and computing the figures: a minute or two\n");
      const baselines = openBaselines();
      const images = measureImages(withBaselines(evidence, splits, baselines), { seed: settings.seed });
      const localization = only === "images" ? null : await localize(baselines);
      return writeReport(output, { provenance, images, localization }, await draw(), words);
    },
  );
}

async function writeReport(
  output: string,
  metrics: Metrics,
  examples: readonly Example[],
  { signal }: Words,
): Promise<Metrics> {
  await withOutputFolder(
    output,
    async (report) => {
      await report.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
      await report.write("report.html", renderReport(metrics, examples));
    },
    { signal },
  );
  return metrics;
}

/** The evaluation of what is read off sequences alone. */
async function evaluateSequences(
  runtime: Runtime,
  { folder }: EvaluatedModel,
  request: LocalizationRequest,
  words: Words,
) {
  const reader = await openProteinReader(runtime, await readSequenceModel(folder));
  try {
    return await judgeLocalization(reader, request, words);
  } finally {
    await reader.close();
  }
}

/** Asks, reads and compares; `conclude` makes figures of it while the answers are still this process's own. */
async function evaluateImages(
  runtime: Runtime,
  { folder, borrowed }: EvaluatedModel,
  request: EvaluationRequest & { readonly confident: readonly Protein[] },
  { signal, stderr }: Words,
  conclude: (
    evidence: EvaluationResults,
    provenance: Provenance,
    drawExamplesOfThem: () => Promise<Example[]>,
  ) => Promise<Metrics>,
): Promise<Metrics> {
  const { settings } = request;
  const data = await readEvaluationData(request.data, settings);
  const pixels = await openCropPixels(request.data);
  const [model, library] = await Promise.all([readModel(folder), readModelNuclei(folder)]);
  checkFit(model, pixels, settings);
  checkData(data, request);
  const provenance = await provenanceOf(model, borrowed, request);
  const question = {
    model: model.checksums,
    data: provenance.data.sha256,
    settings: provenance.settings,
  };
  const answers = await openAnswers(request.output, question, request);
  try {
    const microscope = openMicroscope(runtime, model);
    const reader = await openImageReader(runtime, model.classifier, pixels.height);
    const autoencoding = await openAutoencoding(runtime, model, pixels.height);
    const instruments = { microscope, library, reader, settings, signal };
    const asked = await askAll(instruments, { data, pixels, request, answers }, stderr);
    const conditioned = { candidates: request.confident, answers, proteins: request.proteins };
    const confident = await askAllConfident(instruments, conditioned, stderr);
    const order = (values: Float32Array) =>
      imageCompartments.map((name) => values[model.classifier.config.labels.indexOf(name)]!);
    const real = await readRealCrops(data, pixels, { reader, autoencoding }, order, { signal, stderr });
    const nearest = await findNearest(runtime, { ...asked, data, pixels, library, signal, stderr });
    const trainingCrops = data.trainingCrops.length;
    const evidence: EvaluationResults = {
      ...asked,
      confident,
      sets: request.sets,
      real,
      nearest,
      trainingCrops,
    };
    return await conclude(evidence, provenance, () => drawExamples({ ...evidence, data, pixels, library }));
  } finally {
    await answers.close();
  }
}

async function provenanceOf(
  { name, checksums }: Pick<MicroscopeModel, "name" | "checksums">,
  borrowed: readonly string[],
  { data, settings }: EvaluationRequest,
): Promise<Provenance> {
  return {
    synthetic: true,
    software: { proteoscope: packageVersion(), node: process.version },
    model: { name, sha256: checksums, borrowed },
    data: { name: data, sha256: await hashAtlas(data) },
    settings: { ...settings },
  };
}

/** What the baselines answer for unseen proteins; of those that they were fitted to they know the answer. */
function withBaselines(
  evidence: EvaluationResults,
  splits: LocalizationRequest["splits"],
  baselines: Baselines,
): EvaluationResults {
  const sequences = new Map([...splits.values()].flat().map(({ id, sequence }) => [id, sequence]));
  const places = imageCompartments.map((name) => compartments.indexOf(name));
  const proteins = evidence.proteins.map((record) => {
    const sequence = sequences.get(record.id);
    if (record.set === "seen" || sequence === undefined) return record;
    const answers = baselineNames.map((name) => {
      const { answer } = baselines[name](sequence);
      return [name, places.map((place) => answer[place]!)] as const;
    });
    return { ...record, baselines: Object.fromEntries(answers) as Record<keyof Baselines, number[]> };
  });
  return { ...evidence, proteins };
}

function checkFit(model: MicroscopeModel, { height, width }: CropPixels, settings: DrawSettings): void {
  const { cropPixels } = model.constants;
  const bad = (message: string) => new CommandError(message, exitCodes.badData);
  if (height !== cropPixels || width !== cropPixels)
    throw bad(
      `the atlas has crops of ${height}x${width} pixels, ${model.name} draws ${cropPixels}x${cropPixels}`,
    );
  for (const part of ["classifier", "localization"] as const) {
    const missing = imageCompartments.find((name) => !model[part].config.labels.includes(name));
    if (missing !== undefined)
      throw bad(`${model.name}/${part}: knows no "${missing}", so its answers cannot be judged by an atlas`);
  }
  const most = mostSteps(model, settings.sampler);
  if (settings.steps > most)
    throw new CommandError(
      `--steps is at most ${most} for ${settings.sampler}, got ${settings.steps}`,
      exitCodes.usage,
    );
}

function checkData(
  { proteins, trainingCrops, unseenCrops }: EvaluationData,
  request: EvaluationRequest,
): void {
  const bad = (what: string) => new CommandError(`${request.data}: ${what}`, exitCodes.badData);
  for (const set of request.sets)
    if (proteins[set].length === 0) throw bad(`has no unseen protein of one compartment for --split ${set}`);
  if (trainingCrops.length === 0 || unseenCrops.length === 0)
    throw bad("has no crops of both kinds, trained on and not, to compare images with");
}

function checkSequences(splits: LocalizationRequest["splits"], data: string): void {
  const isConditioned = (protein: Protein) => labelOf(protein) !== undefined;
  const bad = (what: string) => new CommandError(`${data}: has no ${what}`, exitCodes.badData);
  if ((splits.get("train") ?? []).length === 0) throw bad("protein to fit the baselines to");
  if (!calibrationProteins(splits).some(isConditioned))
    throw bad("human protein of one compartment in the calibration partition");
}

async function hashAtlas(folder: string): Promise<Record<string, string>> {
  const sums = atlasFiles.map(async (file) => [file, await hashFile(join(folder, file))] as const);
  return Object.fromEntries(await Promise.all(sums));
}

interface Finding extends Asked {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  readonly library: NucleusLibrary;
  readonly signal: AbortSignal;
  readonly stderr: CommandContext["stderr"];
}

/** The nearest training crop of every drawn image and of every unseen real one, in their order. */
async function findNearest(
  runtime: Runtime,
  { proteins, data, pixels, library, signal, stderr }: Finding,
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
  const progress = startProgress("nearest crops", crops.length, { stream: stderr, unit: "crops" });
  const found = await findNearestCrops(runtime, [...drawn, ...real], crops, pixels.height, {
    ...{ signal, onCompared: (count) => progress.update(count) },
  });
  progress.close();
  return {
    unseen: found.filter((_, i) => drawn[i]?.isSeen === false),
    seen: found.filter((_, i) => drawn[i]?.isSeen === true),
    real: found.slice(drawn.length),
  };
}
