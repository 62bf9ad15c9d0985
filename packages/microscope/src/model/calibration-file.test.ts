import { memoryFolder, noCalibration } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { jsonBytes } from "../testing/tiny-model.ts";
import { calibrationFile, formatCalibration, readCalibration } from "./calibration-file.ts";

const labels = ["ER", "Golgi"];
const calibration = {
  probabilities: { scale: 0.5, bias: [-1, 0.25] },
  posterior: { scale: 1.25, bias: [2, -0.5] },
};
const folderOf = (text: Uint8Array) => memoryFolder(new Map([[calibrationFile, text]]), "localization");

describe("the calibration of a model folder", () => {
  it("comes back as it was written, whatever the order of the labels", async () => {
    const text = formatCalibration(labels, calibration);
    expect(await readCalibration(folderOf(new TextEncoder().encode(text)), labels)).toEqual(calibration);
    const turned = await readCalibration(folderOf(new TextEncoder().encode(text)), [...labels].reverse());
    expect(turned.posterior.bias).toEqual([-0.5, 2]);
  });

  it('is read where version 0.1 wrote the posterior as "answer"', async () => {
    const earlier = formatCalibration(labels, calibration).replace("posterior", "answer");
    expect(await readCalibration(folderOf(new TextEncoder().encode(earlier)), labels)).toEqual(calibration);
  });

  it("is none where there is no file", async () => {
    expect(await readCalibration(memoryFolder(new Map()), labels)).toEqual(noCalibration(2));
  });

  it.each([
    [{}, /localization\/calibration\.json: probabilities: /],
    [{ probabilities: { scale: 0, bias: {} }, posterior: { scale: 1, bias: {} } }, /probabilities\.scale/],
    [{ probabilities: { scale: 1, bias: { ER: "x", Golgi: 0 } }, posterior: {} }, /probabilities\.bias\.ER/],
    [
      { probabilities: { scale: 1, bias: { ER: 0 } }, posterior: { scale: 1, bias: { ER: 0, Golgi: 0 } } },
      /probabilities\.bias: has no "Golgi"/,
    ],
    [
      {
        probabilities: { scale: 1, bias: { ER: 0, Golgi: 0 } },
        posterior: { scale: 1, bias: { ER: 0, Golgi: 0, moon: 1 } },
      },
      /posterior\.bias: "moon" is no label/,
    ],
  ])("is refused by file and field: %j", async (json, message) => {
    const reading = readCalibration(folderOf(jsonBytes(json)), labels);
    await expect(reading).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringMatching(message),
    });
  });
});
