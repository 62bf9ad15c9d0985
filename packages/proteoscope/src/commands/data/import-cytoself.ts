// `proteoscope data import-cytoself`: cytoself's published files as a data set. A run that is stopped or killed is gone on with
// by the same command line.
import { importCytoself } from "@proteoscope/lab";
import { parseNumber } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { packageVersion } from "../../package-files.ts";
import { parseSeed, requireOption } from "./data-arguments.ts";
import { addFasta, fastaArgument } from "./fasta-sources.ts";
import { nextSteps } from "./next-steps.ts";

export const importCytoselfCommand = defineCommand({
  name: "import-cytoself",
  description:
    "Import crops in cytoself's format (Image_data*.npy with Label_data*.csv, or quadruples per protein)",
  savesAtInterrupt: true,
  args: {
    folder: { type: "positional", description: "The folder of cytoself's files" },
    output: { type: "string", alias: "o", valueHint: "folder", description: "The data set to write" },
    "delete-source": {
      type: "boolean",
      description: "Remove each image file when its crops are on the disk, the labels at the end",
    },
    "pixel-size": {
      type: "string",
      valueHint: "microns",
      default: "0.4126",
      description: "Pixel size of the crops",
    },
    source: {
      type: "string",
      valueHint: "text",
      default: "opencell",
      description: 'Where the images come from; "opencell" has labels with grades from 1 to 3',
    },
    licence: {
      type: "string",
      valueHint: "text",
      default: "see the source",
      description: "Licence of the images",
    },
    fasta: fastaArgument,
    strict: { type: "boolean", description: "Stop at the first crop that is refused" },
  },
  examples: [
    "proteoscope data import-cytoself cytoself -o set",
    "proteoscope data import-cytoself cytoself -o set --delete-source --licence 'BSD-3-Clause'",
  ],
  notes: ["What is refused is listed in refused.csv by file, row and column, and the exit code is 3."],
  async run(args, { stdout, stderr, signal }) {
    const output = requireOption("-o", args.output, "the data set to write");
    const progress = showProgress(stderr);
    try {
      const report = await importCytoself(
        {
          ...{ folder: args.folder as string, output, source: args.source, licence: args.licence },
          pixelSizeMicrons: parseNumber("pixel-size", args["pixel-size"], { min: 0.02, max: 5 }),
          deleteSource: args["delete-source"] ?? false,
          isStrict: args.strict ?? false,
          seed: parseSeed(args.seed),
          madeBy: `proteoscope ${packageVersion()} data import-cytoself`,
        },
        { signal, onProgress: progress.show },
      );
      const sequences = await addFasta(output, args.fasta, { signal, onProgress: progress.show });
      progress.close();
      const rate = report.seconds > 0 ? report.bytes / 1e6 / report.seconds : 0;
      const peak = process.resourceUsage().maxRSS / 1024;
      if (args.json)
        printJson(stdout, {
          ...{ output, ...report, sequences: sequences?.report },
          ...{ megabytesPerSecond: rate, peakMemoryMegabytes: peak },
        });
      else
        printLines(
          stderr,
          ...report.warnings.map((warning) => `warning: ${warning}`),
          `${output}: ${report.crops} crops, ${report.refused} refused; ${Math.round(report.bytes / 1e6)} MB read in ${report.seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s, at most ${Math.round(peak)} MB of memory`,
          ...(sequences?.lines ?? []),
          ...nextSteps(output, report.refused),
        );
      return report.refused > 0 || (sequences?.report.missing.length ?? 0) > 0
        ? exitCodes.badData
        : exitCodes.ok;
    } finally {
      progress.close();
    }
  },
});
