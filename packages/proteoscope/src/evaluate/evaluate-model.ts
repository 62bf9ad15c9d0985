// The evaluation itself: asks the model of every protein what is not answered yet, reads the real crops, looks for the
// nearest training crops, and writes figures and report. What `evaluate` does, apart from words and exit codes.
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import {
  type CropPixels,
  type EvaluatedProtein,
  type EvaluationData,
  findNearestCrops,
  groupBy,
  imageCompartments,
  type NearestCrop,
  openCropPixels,
  openImageReader,
  readEvaluationData,
} from "@proteoscope/lab";
import {
  cellFootprint,
  type MicroscopeModel,
  mostSteps,
  type NucleusLibrary,
  openMicroscope,
  pickNucleus,
  readModel,
  readModelNuclei,
} from "@proteoscope/microscope";
import { hashFile } from "../checksums.ts";
import type { Surroundings } from "../command.ts";
import { CommandError, exitCodes } from "../errors.ts";
import { withOutputFolder } from "../output.ts";
import { packageVersion } from "../package-files.ts";
import { type Progress, startProgress } from "../progress.ts";
import { type AnswersFile, type CropRecord, openAnswers, type ProteinRecord } from "./answers-file.ts";
import {
  askCrop,
  askProtein,
  type DrawSettings,
  decodePlane,
  drawingsOf,
  type Instruments,
} from "./ask-model.ts";
import type { EvaluatedModel } from "./evaluated-model.ts";
import { type Evidence, type Metrics, measure, type Provenance, type UnseenSet } from "./metrics.ts";
import { readRealCrops } from "./real-crops.ts";
import { renderReport } from "./report-html.ts";
import { drawExamples } from "./report-pictures.ts";

export interface EvaluationRequest {
  /** Atlas folder. */
  readonly data: string;
  /** Report folder. */
  readonly output: string;
  readonly sets: readonly UnseenSet[];
  /** Of each set, at most. */
  readonly proteins: number;
  readonly settings: DrawSettings;
  readonly resume: boolean;
}

const atlasFiles = ["crops.csv", "crops_u8.npy", "proteins.csv", "localisation.csv"];

/** @throws CommandError and what the readers of model and atlas throw; what is answered by then stays answered. */
export async function evaluateModel(
  runtime: Runtime,
  { folder, borrowed }: EvaluatedModel,
  request: EvaluationRequest,
  { signal, stderr }: Pick<Surroundings, "signal" | "stderr">,
): Promise<Metrics> {
  const { settings, output } = request;
  const data = await readEvaluationData(request.data, settings);
  const pixels = await openCropPixels(request.data);
  const [model, library] = await Promise.all([readModel(folder), readModelNuclei(folder)]);
  checkFit(model, pixels, settings);
  checkData(data, request);
  const provenance: Provenance = {
    synthetic: true,
    software: { proteoscope: packageVersion(), node: process.version },
    model: { name: model.name, sha256: model.checksums, borrowed },
    data: { name: request.data, sha256: await hashAtlas(request.data) },
    settings: { ...settings },
  };
  const question = {
    model: model.checksums,
    data: provenance.data.sha256,
    settings: provenance.settings,
  };
  const answers = await openAnswers(output, question, request);
  try {
    const microscope = openMicroscope(runtime, model);
    const reader = await openImageReader(runtime, model.classifier, pixels.height);
    const instruments = { microscope, library, reader, settings, signal };
    const asked = await askAll(instruments, { data, pixels, request, answers }, stderr);
    const order = (values: Float32Array) =>
      imageCompartments.map((name) => values[model.classifier.config.labels.indexOf(name)]!);
    const real = await readRealCrops(data, pixels, reader, order, signal);
    const nearest = await findNearest(runtime, { ...asked, data, pixels, library, signal });
    const trainingCrops = data.trainingCrops.length;
    const evidence: Evidence = { ...asked, sets: request.sets, real, nearest, trainingCrops };
    const metrics = measure(evidence, provenance, { seed: settings.seed });
    const examples = await drawExamples({ ...evidence, data, pixels, library });
    await withOutputFolder(
      output,
      async (report) => {
        await report.write("metrics.json", `${JSON.stringify(metrics, null, 2)}\n`);
        await report.write("report.html", renderReport(metrics, examples));
      },
      { signal },
    );
    return metrics;
  } finally {
    await answers.close();
  }
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

async function hashAtlas(folder: string): Promise<Record<string, string>> {
  const sums = atlasFiles.map(async (file) => [file, await hashFile(join(folder, file))] as const);
  return Object.fromEntries(await Promise.all(sums));
}

interface Asked {
  readonly proteins: readonly ProteinRecord[];
  readonly crops: readonly CropRecord[];
}

interface Asking {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  readonly request: EvaluationRequest;
  readonly answers: AnswersFile;
}

/** Asks what `answers` has no answer to, and gives all. */
async function askAll(
  instruments: Omit<Instruments, "onDrawn">,
  { data, pixels, request, answers }: Asking,
  stderr: Surroundings["stderr"],
): Promise<Asked> {
  const { signal } = instruments;
  const chosen = [...request.sets, "seen" as const].flatMap((set) =>
    data.proteins[set].slice(0, request.proteins),
  );
  const known = [true, false].flatMap((isSeen) => {
    const crops = data.knownCrops.filter((one) => one.isSeen === isSeen);
    const ofProteins = [...groupBy(crops, ({ protein }) => protein.id).values()];
    return ofProteins.slice(0, request.proteins).flat();
  });
  const keyOfProtein = ({ set, protein }: EvaluatedProtein) => `${set} ${protein.id}`;
  const missing = chosen.filter((one) => answers.find(keyOfProtein(one)) === undefined);
  const missingCrops = known.filter(({ crop }) => answers.find(`crop ${crop.index}`) === undefined);
  const total = missing.reduce((sum, one) => sum + drawingsOf(one), missingCrops.length);
  let done = 0;
  let note = "";
  let progress: Progress | undefined;
  const onDrawn = () => {
    progress ??= startProgress("evaluate", total, { stream: stderr, unit: "drawings" });
    progress.update(++done, note);
  };
  try {
    for (const one of missing) {
      signal.throwIfAborted();
      note = one.protein.id;
      await answers.append(await askProtein({ ...instruments, onDrawn }, one, data.proteins[one.set]));
    }
    for (const one of missingCrops) {
      signal.throwIfAborted();
      note = `crop ${one.crop.index}`;
      const image = await pixels.read(one.crop.index);
      await answers.append(await askCrop({ ...instruments, onDrawn }, one, image));
    }
  } finally {
    progress?.close();
  }
  return {
    proteins: chosen.map((one) => answers.find(keyOfProtein(one)) as ProteinRecord),
    crops: known.map(({ crop }) => answers.find(`crop ${crop.index}`) as CropRecord),
  };
}

interface Finding extends Asked {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  readonly library: NucleusLibrary;
  readonly signal: AbortSignal;
}

/** The nearest training crop of every drawn image and of every unseen real one, in their order. */
async function findNearest(
  runtime: Runtime,
  { proteins, data, pixels, library, signal }: Finding,
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
  const found = await findNearestCrops(runtime, [...drawn, ...real], crops, pixels.height, { signal });
  return {
    unseen: found.filter((_, i) => drawn[i]?.isSeen === false),
    seen: found.filter((_, i) => drawn[i]?.isSeen === true),
    real: found.slice(drawn.length),
  };
}
