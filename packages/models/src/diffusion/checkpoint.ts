// The noise schedule of a diffusers folder, `scheduler/scheduler_config.json`. Which sampler follows the schedule is the
// caller's choice; a schedule that the samplers here would follow otherwise than diffusers is refused.

import { z } from "zod";
import { type ConfigFormat, epsilon, parseConfig } from "../checkpoints/config-json.ts";
import { type FileSource, readJson } from "../checkpoints/file-source.ts";
import { type NoiseScheduleConfig, predictionTypes } from "./noise-schedule.ts";

/** The fields of the schedule that diffusers' DDPMScheduler and DDIMScheduler share; absent fields have their defaults. */
export const noiseScheduleFormat: ConfigFormat<NoiseScheduleConfig> = {
  schema: z
    .object({
      numTrainTimesteps: z.int().min(2).max(100_000).default(1000),
      betaStart: epsilon.default(1e-4),
      betaEnd: epsilon.default(0.02),
      predictionType: z.enum(predictionTypes).default("epsilon"),
      // A field of DDIMScheduler alone, which therefore is not written.
      setAlphaToOne: z
        .literal(true, "only true is supported: the last step ends without noise")
        .default(true),
    })
    .transform(({ setAlphaToOne: _, ...config }) => config),
  fixed: () => ({
    betaSchedule: "linear",
    clipSample: false,
    rescaleBetasZeroSnr: false,
    stepsOffset: 0,
    thresholding: false,
    timestepSpacing: "leading",
    trainedBetas: null,
    varianceType: "fixed_small",
  }),
};

/** Loads the noise schedule of a diffusers folder's `scheduler/`. @throws CheckpointError for one that is not supported. */
export async function loadNoiseSchedule(folder: FileSource): Promise<NoiseScheduleConfig> {
  const path = "scheduler_config.json";
  return parseConfig(noiseScheduleFormat, await readJson(folder, path), `${folder.name}/${path}`);
}
