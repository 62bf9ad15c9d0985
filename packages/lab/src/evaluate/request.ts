// What is asked of an evaluation, and whether a model and a data set can be evaluated so: what cannot is refused before
// anything is generated.

import { ProteoscopeError } from "@proteoscope/formats";
import { type MicroscopeModel, mostSteps } from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { imageCompartments } from "../data/atlas/compartments.ts";
import type { CropPixels } from "../data/atlas/crop-pixels.ts";
import type { JudgeSource } from "./encoders/open-encoders.ts";
import type { DrawSettings } from "./predict/proteins.ts";
import type { Sweep } from "./predict/sweeps.ts";
import type { UnseenSet } from "./report/metrics.ts";
import type { EvaluationData } from "./sets.ts";

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
  /** Largest number of proteins per set that are localized from their sequences; all where undefined. */
  readonly localizedProteins: number | undefined;
  readonly settings: DrawSettings;
  /** Judges beside the features. */
  readonly judges: readonly JudgeSource[];
  /** Settings that the first unseen proteins are generated with beside `settings`. */
  readonly sweeps: readonly Sweep[];
  /** Where embeddings of images are stored, for later evaluations; nowhere where undefined. */
  readonly cacheFolder: string | undefined;
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

/** @throws ProteoscopeError where the model cannot be evaluated on crops of this size, or not with these settings */
export function checkFit(
  model: MicroscopeModel,
  { height, width }: CropPixels,
  settings: DrawSettings,
): void {
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

/** @throws ProteoscopeError where the data set lacks what is asked for */
export function checkData(
  { proteins, trainingCrops, unseenCrops }: EvaluationData,
  request: EvaluationRequest,
): void {
  const bad = (what: string) => new ProteoscopeError(`${request.data}: ${what}`, { kind: "data" });
  for (const set of request.sets)
    if (proteins[set].length === 0) throw bad(`has no unseen protein of one compartment in the set ${set}`);
  if (trainingCrops.length === 0 || unseenCrops.length === 0)
    throw bad("has no crops of both kinds, trained on and not, to compare images with");
}
