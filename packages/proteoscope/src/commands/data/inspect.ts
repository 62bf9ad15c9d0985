// `proteoscope data inspect`: a data set in counts, histograms and pictures, as a page and as PNG, to look at before anything
// is trained on it.
import { join } from "node:path";
import { inspectDataSet } from "@proteoscope/lab";
import { defineCommand } from "../../cli/command.ts";
import { writeFiles } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { parseSeed } from "./data-arguments.ts";

export const inspectCommand = defineCommand({
  name: "inspect",
  description: "Show what a data set holds: counts, histograms, a contact sheet",
  args: {
    set: { type: "positional", description: "The data set" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "folder",
      description: "Write inspect.html, histograms.png, contact-sheet.png and counts.json here",
    },
  },
  examples: ["proteoscope data inspect set -o set-report", "proteoscope data inspect set --json"],
  async run(args, { stdout, stderr, signal }) {
    const set = args.set as string;
    const progress = showProgress(stderr);
    try {
      const { counts, histograms, files } = await inspectDataSet(set, {
        ...{ seed: parseSeed(args.seed), signal, onProgress: progress.show },
      });
      progress.close();
      if (args.output !== undefined) await writeFiles(args.output, files, { signal, inputs: [set] });
      if (args.json) printJson(stdout, { set, ...counts, histograms });
      else {
        const list = (words: Readonly<Record<string, number>>) =>
          Object.entries(words)
            .slice(0, 12)
            .map(([word, count]) => `${word} ${count}`)
            .join(", ");
        printLines(
          stdout,
          `${counts.name}: ${counts.crops} crops of ${counts.fields} fields, ${counts.proteinsWithImages} proteins with images, ${counts.proteinsWithSequence} with a sequence`,
          `channels      ${counts.channels.join(", ")}; ${counts.side} pixels of ${counts.pixelSizeMicrons} um`,
          `split         ${counts.split}: ${list(counts.cropsBySplit)}; ${counts.excluded} left out`,
          `compartments  ${list(counts.cropsByCompartment)}`,
          `cell lines    ${list(counts.cropsByCellLine)}`,
        );
        if (args.output !== undefined) printLines(stderr, `look at ${join(args.output, "inspect.html")}`);
      }
      return undefined;
    } finally {
      progress.close();
    }
  },
});
