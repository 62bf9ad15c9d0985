// The evaluation of a model: images and localization from sequences, each if it is asked for, and the files of the
// report.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import {
  type MicroscopeModel,
  openProteinEncoder,
  readSequenceModel,
  type WorkOptions,
} from "@proteoscope/microscope";
import { hashFile } from "@proteoscope/models/node";
import { compartments, imageCompartments } from "../data/atlas/compartments.ts";
import { labelOf } from "../data/atlas/label-class.ts";
import { readSequences } from "../data/atlas/sequences.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { descriptionFile, isDataSet, readDescription } from "../data/dataset/description.ts";
import { answersFileName } from "./answers-file.ts";
import { type Baselines, baselineNames, fitBaselines } from "./predict/sequence-methods.ts";
import { calibrationProteins, judgeLocalization, type LocalizationRequest } from "./predict/sequences.ts";
import { type EvaluationResults, type Metrics, measureImages, type Provenance } from "./report/metrics.ts";
import type { Example } from "./report/pictures.ts";
import { renderReport } from "./report/report-html.ts";
import type { SuitePictures } from "./report/suite-pictures.ts";
import { suiteTables } from "./report/tables.ts";
import type { EvaluatedModel, EvaluationRequest } from "./request.ts";
import { evaluateImages } from "./run-images.ts";
import { strikeHeldOut } from "./strike-held-out.ts";
import type { SuiteDetails } from "./suite/details.ts";
import { metricsVersion } from "./suite/results.ts";

/** The figures of an evaluation, and the files of its report by name: metrics.json, report.html, tables. */
export interface Evaluation {
  readonly metrics: Metrics;
  readonly files: ReadonlyMap<string, string | Uint8Array>;
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
  const openBaselines = () =>
    fitBaselines(splits.get("train") ?? [], calibrationProteins(splits), settings, options);
  const localize = async (baselines: Baselines) =>
    evaluateSequences(
      runtime,
      model,
      { splits, baselines, seed: settings.seed, proteins: request.localizedProteins },
      options,
    );
  if (only === "localization") {
    const { name, checksums } = await readSequenceModel(model.folder);
    const provenance = {
      ...(await provenanceOf({ name, checksums }, model.borrowed, request)),
      settings: { seed: settings.seed },
    };
    const localization = await localize(await openBaselines());
    return reportOf({ version: metricsVersion, provenance, images: null, localization, suite: null }, []);
  }
  const confident = [
    ...calibrationProteins(splits),
    ...(splits.get("test") ?? []).filter(({ isHuman }) => isHuman),
  ];
  const provenance = (measured: Pick<MicroscopeModel, "name" | "checksums">) =>
    provenanceOf(measured, model.borrowed, request);
  return evaluateImages(
    runtime,
    model,
    { ...request, confident, splits, provenance },
    options,
    async (found) => {
      const baselines = await openBaselines();
      const images = measureImages(withBaselines(found.results, splits, baselines), { seed: settings.seed });
      const localization = only === "images" ? null : await localize(baselines);
      const { results: suite, details } = found.suite;
      const metrics = { version: metricsVersion, provenance: found.provenance, images, localization, suite };
      return reportOf(metrics, await found.drawExamples(), { details, pictures: await found.drawSuite() });
    },
  );
}

/** The files of a report. */
export async function reportOf(
  metrics: Metrics,
  examples: readonly Example[],
  suite?: { readonly details: SuiteDetails; readonly pictures: SuitePictures },
): Promise<Evaluation> {
  const files = new Map<string, string | Uint8Array>([
    ["metrics.json", `${JSON.stringify(metrics, null, 2)}\n`],
    ["report.html", renderReport(metrics, examples, suite?.pictures)],
    ...(metrics.suite === null ? [] : await suiteTables(metrics.suite, suite?.details)),
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

function checkSequences(splits: LocalizationRequest["splits"], data: string): void {
  const isConditioned = (protein: Protein) => labelOf(protein) !== undefined;
  const bad = (what: string) => new ProteoscopeError(`${data}: has no ${what}`, { kind: "data" });
  if ((splits.get("train") ?? []).length === 0) throw bad("protein to fit the baselines to");
  if (!calibrationProteins(splits).some(isConditioned))
    throw bad("human protein of one compartment in the calibration partition");
}

async function hashAtlas(folder: string): Promise<Record<string, string>> {
  const names = (await isDataSet(folder)) ? await filesOfSet(folder) : atlasFiles;
  const sums = names.map(async (file) => [file, await hashFile(join(folder, file))] as const);
  return Object.fromEntries(await Promise.all(sums));
}

async function filesOfSet(folder: string): Promise<string[]> {
  const { crops, tables } = await readDescription(folder);
  return [descriptionFile, crops, ...Object.values(tables).map(({ file }) => file)];
}
