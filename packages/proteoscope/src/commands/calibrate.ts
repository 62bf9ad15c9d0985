// `proteoscope calibrate`: makes the probabilities that a model reads off sequences believable, by human proteins of
// the partition that is kept for it and was neither trained on nor will be judged by. Leaves localization/calibration.json
// in the model folder; the weights stay as they are.
import { join } from "node:path";
import type { CalibrationExample, Compartment } from "@proteoscope/lab";
import type { ProteinEncoder } from "@proteoscope/microscope";
import { checksumFileName } from "../checksums.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { writeFileAtomic } from "../cli/output.ts";
import { startProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";

export const calibrateCommand = defineCommand({
  name: "calibrate",
  description: "Fit a model's localization probabilities to proteins that are kept for it",
  args: {
    model: { type: "positional", description: "Model folder", required: true },
    data: { type: "string", valueHint: "folder", description: "The atlas folder" },
  },
  examples: ["proteoscope calibrate checkpoints/proteoscope-mini --data atlas"],
  async run(args, { stdout, stderr, env, signal }) {
    if (args.data === undefined)
      throw new CommandError("--data is missing: name the atlas folder", exitCodes.usage);
    const folder = await openModel(args.model, env);
    const { compartments, fitCalibration, readSequences } = await import("@proteoscope/lab");
    const { calibrationFile, formatCalibration, openProteinEncoder, readSequenceModel } = await import(
      "@proteoscope/microscope"
    );
    const kept = (await readSequences(args.data)).get("calibration") ?? [];
    const proteins = kept.filter(({ isHuman }) => isHuman);
    const bad = (what: string) => new CommandError(what, exitCodes.badData);
    if (proteins.length === 0) throw bad(`${args.data}: has no human protein in the calibration partition`);
    const model = await readSequenceModel(folder);
    const { labels } = model.localization.config;
    const strange = labels.find((name) => !(compartments as readonly string[]).includes(name));
    if (strange !== undefined)
      throw bad(`${folder.name}/localization: "${strange}" is no compartment of the atlas`);

    const askAll = async (reader: ProteinEncoder): Promise<CalibrationExample[]> => {
      const progress = startProgress("calibrate", proteins.length, { stream: stderr, unit: "proteins" });
      try {
        const examples: CalibrationExample[] = [];
        for (const protein of proteins) {
          signal.throwIfAborted();
          examples.push({ protein, logits: (await reader.encode(protein.sequence)).logits });
          progress.update(examples.length);
        }
        return examples;
      } finally {
        progress.close();
      }
    };
    const examples = await withRuntime(args.device, async (runtime) =>
      askAll(await openProteinEncoder(runtime, model)),
    );
    const text = formatCalibration(labels, fitCalibration(labels as Compartment[], examples));
    const path = join(folder.name, "localization", calibrationFile);
    await writeFileAtomic(path, text);
    if (await folder.exists(checksumFileName))
      stderr.write(`${checksumFileName} of ${folder.name} is older than this file: write it anew\n`);
    stdout.write(args.json ? text : `${path}, from ${proteins.length} proteins\n`);
    return undefined;
  },
});
