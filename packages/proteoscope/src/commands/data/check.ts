// `proteoscope data check`: all that is wrong with a data set, in one go, before anything is trained on it. Problems go to
// standard output, one per line, with file, row and column.
import { checkDataSet, type Finding } from "@proteoscope/lab";
import { defineCommand } from "../../cli/command.ts";
import { exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";

export const checkCommand = defineCommand({
  name: "check",
  description: "Check a data set: every row, every crop, the channels, and that the split leaks nothing",
  args: { set: { type: "positional", description: "The data set" } },
  examples: ["proteoscope data check set", "proteoscope data check set --json"],
  notes: ["The exit code is 3 where there is a problem; warnings alone leave it 0."],
  async run(args, { stdout, stderr, signal }) {
    const progress = showProgress(stderr);
    try {
      const report = await checkDataSet(args.set as string, { signal, onProgress: progress.show });
      progress.close();
      const problems = report.findings.filter(({ kind }) => kind === "problem").length;
      if (args.json) printJson(stdout, { set: args.set, ...report });
      else {
        printLines(stdout, ...report.findings.map(describeFinding));
        const { crops, fields, proteins } = report;
        const warnings = report.findings.length - problems;
        printLines(
          stderr,
          `${crops} crops of ${fields} fields and ${proteins} proteins: ${problems} problems, ${warnings} warnings`,
        );
      }
      return problems > 0 ? exitCodes.badData : exitCodes.ok;
    } finally {
      progress.close();
    }
  },
});

function describeFinding({ kind, file, row, column, message }: Finding): string {
  const place = [file, row === undefined ? "" : `row ${row}`, column ? `column ${column}` : ""];
  return `${kind}: ${place.filter((part) => part !== "").join(", ")}: ${message}`;
}
