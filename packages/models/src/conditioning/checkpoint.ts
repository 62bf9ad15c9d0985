// condition/ of a model folder: what the denoiser is conditioned on, and the layer that makes tokens of it. Trainers read
// it as the microscope does.

import { f32, type NdArray } from "@proteoscope/engine";
import { writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";
import { loadCheckedWeights } from "../checkpoints/checked-weights.ts";
import { type ConfigFormat, formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { withCurrentNames } from "../checkpoints/earlier-names.ts";
import { CheckpointError, type FileSource, readJson, subfolder } from "../checkpoints/file-source.ts";
import type { LanguageModelConfig } from "../language-model/language-model.ts";
import { noCalibration } from "../localization/calibration.ts";
import type { LocalizationHeadConfig } from "../localization/head.ts";
import { applyCompartmentTarget, type CompartmentTarget } from "./compartment-target.ts";
import {
  type SequenceInput,
  sequenceCondition,
  sequenceInputs,
  sequenceInputWidth,
} from "./sequence-tokens.ts";

/** The condition of a model folder. */
export interface LoadedCondition {
  readonly input: SequenceInput;
  /** How a target compartment is chosen from the head's logits; undefined where the denoiser is conditioned on the logits. */
  readonly target?: CompartmentTarget | undefined;
  /** Weights of `sequenceCondition`, and of `applyCompartmentTarget` where there is a target. */
  readonly weights: ReadonlyMap<string, NdArray>;
}

const conditionFormat: ConfigFormat<Omit<LoadedCondition, "weights">> = {
  schema: z.object({
    input: z.enum(sequenceInputs),
    target: z
      .object({
        compartments: z.array(z.string().min(1)).min(1).max(1000),
        inverseTemperature: z.number().positive().max(1000),
      })
      .optional(),
  }),
  fixed: () => ({}),
};

/**
 * Loads the condition of a model folder; without a config.json the denoiser is conditioned on every residue.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadSequenceCondition(
  folder: FileSource,
  esm: LanguageModelConfig,
  head: LocalizationHeadConfig | undefined,
): Promise<LoadedCondition> {
  const place = subfolder(folder, "condition");
  const { input, target } = (await place.exists("config.json"))
    ? parseConfig(
        conditionFormat,
        withCurrentConfig(await readJson(place, "config.json")),
        `${place.name}/config.json`,
      )
    : { input: "full" as const, target: undefined };
  if (input === "random") return { input, weights: new Map() };
  const labels = input === "one_hot" ? undefined : head?.labels;
  const unknown = target?.compartments.find((name) => labels?.includes(name) !== true);
  if (unknown !== undefined)
    throw new CheckpointError(
      `${place.name}/config.json: target.compartments: "${unknown}" is no label of localization/`,
    );
  const weights = await loadCheckedWeights(
    place,
    (w, { representation, compartmentLogits }) => {
      const context = { representation: representation!, compartmentLogits };
      if (target === undefined) return { sequence: sequenceCondition(w, context) };
      const { posterior } = noCalibration(labels!.length);
      const { logits } = applyCompartmentTarget(w, compartmentLogits!, target, labels!, posterior);
      return { sequence: sequenceCondition(w, { ...context, compartmentLogits: logits }) };
    },
    {
      representation: f32(1, 3, sequenceInputWidth(input, esm)),
      ...(labels && { compartmentLogits: f32(1, labels.length) }),
    },
    { "compartments.typical": "compartments.prototypes" },
  );
  return { input, ...(target && { target }), weights };
}

function withCurrentConfig(json: Json): Json {
  const { target, ...rest } = withCurrentNames(json, { decision: "target" });
  if (typeof target !== "object" || target === null)
    return { ...rest, ...(target === undefined ? {} : { target }) };
  return { ...rest, target: withCurrentNames(target as Json, { sharpness: "inverse_temperature" }) };
}

/** The files of `condition/`, by path. */
export function saveSequenceCondition({ weights, ...config }: LoadedCondition): Map<string, Uint8Array> {
  const text = JSON.stringify(formatConfig(conditionFormat, config), null, 2);
  return new Map([
    ["condition/config.json", new TextEncoder().encode(`${text}\n`)],
    ["condition/model.safetensors", writeSafetensors(weights)],
  ]);
}
