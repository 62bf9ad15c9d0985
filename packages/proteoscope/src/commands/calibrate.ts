// `proteoscope calibrate`: fits a model's localization probabilities to the human proteins of the calibration partition,
// which neither training nor evaluation uses. Writes localization/calibration.json into the model folder; the weights stay
// as they are.
import { join } from "node:path";
import type { CalibrationExample, Compartment } from "@proteoscope/lab";
import { checksumFileName } from "../checksums.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { writeFileAtomic } from "../cli/output.ts";
import { printLines } from "../cli/print.ts";
import { startProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";

export const calibrateCommand = defineCommand({
  name: "calibrate",
  description: "Fit a model's localization probabilities to the atlas's calibration partition",
  args: {
    model: { type: "positional", description: "Model folder", required: true },
    data: { type: "string", valueHint: "folder", description: "The atlas folder" },
  },
  examples: ["proteoscope calibrate checkpoints/proteoscope-mini --data atlas"],
  async run(args, { stdout, stderr, env, signal }) {
    if (args.data === undefined)
      throw new CommandError("--data is missing: name the atlas folder", exitCodes.usage);
    const folder = await openModel(args.model, env);
    const { compartments, fitCalibration, readSequences, strikeHeldOut } = await import("@proteoscope/lab");
    const { calibrationFile, formatCalibration, openProteinEncoder, readSequenceModel } = await import(
      "@proteoscope/microscope"
    );
    const splits = await readSequences(args.data);
    const partition = splits.get("calibration") ?? [];
    const proteins = partition.filter(({ isHuman }) => isHuman);
    const bad = (what: string) => new CommandError(what, exitCodes.badData);
    if (proteins.length === 0) throw bad(`${args.data}: has no human protein in the calibration partition`);
    const model = strikeHeldOut(await readSequenceModel(folder), splits);
    const { labels } = model.localization.config;
    const strange = labels.find((name) => !(compartments as readonly string[]).includes(name));
    if (strange !== undefined)
      throw bad(`${folder.name}/localization: "${strange}" is no compartment of the atlas`);

    const progress = startProgress("calibrate", proteins.length, { stream: stderr, unit: "proteins" });
    const examples = await withRuntime(args.device, async (runtime) => {
      const encoder = await openProteinEncoder(runtime, model);
      const examples: CalibrationExample[] = [];
      for (const protein of proteins) {
        signal.throwIfAborted();
        examples.push({ protein, logits: (await encoder.encode(protein.sequence)).logits });
        progress.update(examples.length);
      }
      return examples;
    }).finally(progress.close);
    const text = formatCalibration(
      labels,
      await fitCalibration(labels as Compartment[], examples, { signal }),
    );
    const path = join(folder.name, "localization", calibrationFile);
    await writeFileAtomic(path, text);
    if (await folder.exists(checksumFileName))
      printLines(stderr, `${checksumFileName} of ${folder.name} is older than this file: write it anew`);
    if (args.json) stdout.write(text);
    else printLines(stdout, `${path}, from ${proteins.length} proteins`);
    return undefined;
  },
});
