// `proteoscope data import-atlas`: an atlas folder, the form before data sets, as a data set. Trainers read of it what they read
// of the atlas.
import { importAtlas } from "@proteoscope/lab";
import { parseNumber } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { packageVersion } from "../../package-files.ts";
import { requireOption } from "./data-arguments.ts";
import { nextSteps } from "./next-steps.ts";

export const importAtlasCommand = defineCommand({
  name: "import-atlas",
  description:
    "Import an atlas folder (crops_u8.npy, crops.csv, proteins.csv, ...), the form before data sets",
  savesAtInterrupt: true,
  args: {
    folder: { type: "positional", description: "The atlas folder" },
    output: { type: "string", alias: "o", valueHint: "folder", description: "The data set to write" },
    "pixel-size": {
      type: "string",
      valueHint: "microns",
      default: "0.4126",
      description: "Pixel size of the crops",
    },
    licence: {
      type: "string",
      valueHint: "text",
      default: "per field, in fields.csv",
      description: "Licence of the images",
    },
  },
  examples: ["proteoscope data import-atlas atlas -o set"],
  async run(args, { stdout, stderr, signal }) {
    const output = requireOption("-o", args.output, "the data set to write");
    const progress = showProgress(stderr);
    try {
      const report = await importAtlas(
        {
          ...{ folder: args.folder as string, output, licence: args.licence },
          pixelSizeMicrons: parseNumber("pixel-size", args["pixel-size"], { min: 0.02, max: 5 }),
          madeBy: `proteoscope ${packageVersion()} data import-atlas`,
        },
        { signal, onProgress: progress.show },
      );
      progress.close();
      const { crops, channels, proteins, sequences } = report;
      if (args.json) printJson(stdout, { output, ...report });
      else
        printLines(
          stderr,
          `${output}: ${crops} crops, channels ${channels.join(", ")}; ${proteins} proteins and ${sequences} further sequences`,
          ...nextSteps(output, 0),
        );
      return undefined;
    } finally {
      progress.close();
    }
  },
});
