// `proteoscope data simulate`: simulated cells around the real nuclei of training crops, as a data set, so that compartments with
// only a handful of real images can be learned. The same seed gives the same files; what was stopped is gone on with.
import { join } from "node:path";
import { isDataSet, readDescription, readNucleusPictures, simulateDataSet } from "@proteoscope/lab";
import { parseInteger } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { refuseInputs } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { packageVersion } from "../../package-files.ts";
import { parseSeed, requireOption } from "./data-arguments.ts";

const atlasPixelSizeMicrons = 0.4126;

export const dataSimulateCommand = defineCommand({
  name: "simulate",
  description: "Simulate cells of every compartment around the real nuclei of a data set, to train on",
  savesAtInterrupt: true,
  args: {
    data: { type: "string", valueHint: "folder", description: "The data set that nuclei are taken from" },
    output: { type: "string", alias: "o", valueHint: "folder", description: "The data set to write" },
    count: {
      type: "string",
      valueHint: "number",
      default: "6000",
      description: "Number of crops, spread evenly over the compartments",
    },
  },
  examples: [
    "proteoscope data simulate --data atlas -o simulated --count 6000 --seed 1",
    "proteoscope train autoencoder --data atlas -o runs/vae data.simulated=simulated 'data.simulated_share={start: 0.5, end: 0.1}'",
  ],
  async run(args, { stdout, stderr, signal }) {
    const data = requireOption("--data", args.data, "the data set");
    const output = requireOption("-o", args.output, "the output folder");
    const count = parseInteger("count", args.count, { min: 1 });
    const seed = parseSeed(args.seed);
    await refuseInputs(output, [data]);
    const pictures = await readNucleusPictures(data);
    const { pixelSizeMicrons } = (await isDataSet(data))
      ? await readDescription(data)
      : { pixelSizeMicrons: atlasPixelSizeMicrons };
    const progress = showProgress(stderr);
    try {
      const report = await simulateDataSet(
        {
          ...{ pictures, output, count, seed, pixelSizeMicrons },
          madeBy: `proteoscope ${packageVersion()} data simulate`,
        },
        { signal, onProgress: progress.show },
      );
      progress.close();
      if (args.json) printJson(stdout, { output, ...report });
      else
        printLines(
          stderr,
          `${count} simulated crops in ${output}; look at ${join(output, "contact-sheet.png")}`,
        );
      return undefined;
    } finally {
      progress.close();
    }
  },
});
