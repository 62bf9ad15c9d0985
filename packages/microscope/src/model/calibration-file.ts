// localization/calibration.json of a model folder: a scale and one shift per compartment that calibrate the logits (Platt
// 1999). `proteoscope calibrate` writes it; a model without it is uncalibrated.

import {
  CheckpointError,
  type FileSource,
  type LocalizationCalibration,
  type LogitCorrection,
  noCalibration,
  readJson,
  withCurrentNames,
} from "@proteoscope/models";
import { z } from "zod";

/** Name of the file in the folder `localization`. */
export const calibrationFile = "calibration.json";

const correction = z.strictObject({
  scale: z.number().positive(),
  bias: z.record(z.string(), z.number()),
});
const schema = z.strictObject({ probabilities: correction, posterior: correction });

/** Reads the calibration in a head's folder; without a file it is the identity. @throws CheckpointError naming file and field. */
export async function readCalibration(
  folder: FileSource,
  labels: readonly string[],
): Promise<LocalizationCalibration> {
  if (!(await folder.exists(calibrationFile))) return noCalibration(labels.length);
  const bad = (what: string) => new CheckpointError(`${folder.name}/${calibrationFile}: ${what}`);
  const result = schema.safeParse(
    withCurrentNames(await readJson(folder, calibrationFile), { answer: "posterior" }),
  );
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw bad(`${path.join(".")}: ${message}`);
  }
  const inOrder = (name: keyof LocalizationCalibration): LogitCorrection => {
    const { scale, bias } = result.data[name];
    const missing = labels.find((label) => !Object.hasOwn(bias, label));
    const strange = Object.keys(bias).find((label) => !labels.includes(label));
    if (missing !== undefined) throw bad(`${name}.bias: has no "${missing}"`);
    if (strange !== undefined) throw bad(`${name}.bias: "${strange}" is no label of the head`);
    return { scale, bias: labels.map((label) => bias[label]!) };
  };
  return { probabilities: inOrder("probabilities"), posterior: inOrder("posterior") };
}

/** The file of a calibration, to four decimals. */
export function formatCalibration(labels: readonly string[], calibration: LocalizationCalibration): string {
  const round = (value: number) => Number(value.toFixed(4));
  const byLabel = ({ scale, bias }: LogitCorrection) => ({
    scale: round(scale),
    bias: Object.fromEntries(labels.map((label, index) => [label, round(bias[index]!)])),
  });
  const { probabilities, posterior } = calibration;
  return `${JSON.stringify({ probabilities: byLabel(probabilities), posterior: byLabel(posterior) }, null, 2)}\n`;
}
