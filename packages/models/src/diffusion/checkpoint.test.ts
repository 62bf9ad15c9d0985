import { describe, expect, it } from "vitest";
import { formatConfig, parseConfig } from "../checkpoints/config-json.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { loadNoiseSchedule, noiseScheduleFormat } from "./checkpoint.ts";
import { noiseScheduleDefaults } from "./noise-schedule.ts";

const load = (schedule: object) =>
  loadNoiseSchedule(
    memoryFolder(
      new Map([["scheduler_config.json", new TextEncoder().encode(JSON.stringify(schedule))]]),
      "scheduler",
    ),
  );

describe("the noise schedule of a diffusers folder", () => {
  it("comes back from its file as it was, whatever sampler the file names", async () => {
    const json = formatConfig(noiseScheduleFormat, noiseScheduleDefaults);
    expect(await load(json)).toEqual(noiseScheduleDefaults);
    expect(await load({ ...json, _class_name: "DDIMScheduler", set_alpha_to_one: true })).toEqual(
      noiseScheduleDefaults,
    );
  });

  it("has the defaults of diffusers where fields are absent", async () => {
    expect(await load({})).toEqual(parseConfig(noiseScheduleFormat, {}, "x"));
    expect(await load({ prediction_type: "v_prediction" })).toMatchObject({
      numTrainTimesteps: 1000,
      predictionType: "v_prediction",
    });
  });

  it.each([
    [
      "another schedule",
      { beta_schedule: "scaled_linear", timestep_spacing: "trailing" },
      /beta_schedule is "scaled_linear", only "linear" is supported; timestep_spacing is "trailing"/,
    ],
    ["a last step that leaves noise", { set_alpha_to_one: false }, /set_alpha_to_one: only true/],
    ["another variance", { variance_type: "fixed_large" }, /variance_type is "fixed_large"/],
    ["a prediction of the sample", { prediction_type: "sample" }, /prediction_type: /],
  ])("is refused by name with %s", async (_, schedule, message) => {
    await expect(load(schedule)).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringMatching(message),
    });
  });
});
