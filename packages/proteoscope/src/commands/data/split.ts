// `proteoscope data split`: divides a data set into training, validation and test by clusters of similar proteins and by fields,
// as columns of its table of splits, and looks for leaks afterwards.
import {
  findLeaks,
  presetNames,
  refuseLeaks,
  type SplitFractions,
  type SplitPreset,
  splitDataSet,
  splitPresets,
  useSplit,
} from "@proteoscope/lab";
import { parseNumber } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { parseSeed } from "./data-arguments.ts";

export const splitCommand = defineCommand({
  name: "split",
  description: "Divide a data set into training, validation and test, and check that nothing leaks",
  args: {
    set: { type: "positional", description: "The data set" },
    preset: {
      type: "string",
      valueHint: "names",
      default: "standard",
      description:
        "How to divide it; several with commas between them, of which the last is used by training",
    },
    use: { type: "string", valueHint: "name", description: "Use a split that the set has already" },
    fractions: {
      type: "string",
      valueHint: "numbers",
      default: "0.8,0.1,0.1",
      description: "Shares of training, validation and test",
    },
    identity: {
      type: "string",
      valueHint: "number",
      default: "0.5",
      description: "Proteins with this share of identical residues, or more, are in one split",
    },
    "cell-line": {
      type: "string",
      valueHint: "names",
      description: "For held_out_cell_line: the cell lines of the test, with commas between them",
    },
  },
  examples: [
    "proteoscope data split set",
    "proteoscope data split set --preset all_proteins,train_proteins,standard --seed 1",
    "proteoscope data split set --preset held_out_cell_line --cell-line 'U-2 OS'",
    "proteoscope data split set --use all_proteins",
  ],
  notes: Object.entries(splitPresets).map(([name, meaning]) => `${name}: ${meaning}`),
  async run(args, { stdout, stderr, signal }) {
    const folder = args.set as string;
    const progress = showProgress(stderr);
    const work = { signal, onProgress: progress.show };
    const identity = parseNumber("identity", args.identity, { min: 0.2, max: 1 });
    try {
      if (args.use !== undefined) {
        await useSplit(folder, args.use);
        refuseLeaks(await findLeaks(folder, { ...work, identity }), args.use);
        printLines(stderr, `training uses the split ${args.use}`);
        return exitCodes.ok;
      }
      const presets = args.preset.split(",").map(parsePreset);
      const cellLines = args["cell-line"]?.split(",");
      const reports = await splitDataSet(
        {
          folder,
          presets,
          seed: parseSeed(args.seed),
          fractions: parseFractions(args.fractions),
          identity,
          cellLines,
        },
        work,
      );
      const leaks = await findLeaks(folder, { ...work, identity });
      progress.close();
      if (args.json) printJson(stdout, { set: folder, splits: reports, leaks });
      else
        for (const { split, proteins, fields, clusters, withoutSequence } of reports) {
          const list = (counts: Readonly<Record<string, number>>) =>
            Object.entries(counts)
              .map(([word, count]) => `${count} ${word}`)
              .join(", ");
          printLines(
            stdout,
            `${split}: proteins ${list(proteins)} (${clusters} clusters); fields ${list(fields)}`,
          );
          if (withoutSequence.length > 0)
            printLines(
              stderr,
              `warning: ${withoutSequence.length} proteins have no sequence, so that nobody knows what they resemble: proteoscope data sequences ${folder}`,
            );
        }
      refuseLeaks(leaks, presets.at(-1)!);
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
});

function parsePreset(name: string): SplitPreset {
  if ((presetNames as readonly string[]).includes(name)) return name as SplitPreset;
  throw new CommandError(`--preset is one of ${presetNames.join(", ")}, got "${name}"`, exitCodes.usage);
}

function parseFractions(text: string): SplitFractions {
  const parts = text.split(",").map((part) => parseNumber("fractions", part, { min: 0, max: 1 }));
  if (parts.length === 3) return parts as unknown as SplitFractions;
  throw new CommandError(`--fractions takes three numbers, got "${text}"`, exitCodes.usage);
}
