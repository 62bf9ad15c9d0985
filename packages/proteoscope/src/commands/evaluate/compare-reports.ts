// `proteoscope evaluate compare A B`: two report folders, paired over proteins: what differs, with intervals, and the curves of
// both side by side.

import type { ReportDifference } from "@proteoscope/lab";
import { parseInteger } from "../../cli/arguments.ts";
import type { CommandContext } from "../../cli/command.ts";
import { CommandError, type ExitCode, exitCodes } from "../../cli/errors.ts";
import { withOutputFolder } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";

/** Compares the reports at two paths. @throws CommandError (usage) for another number of paths */
export async function runComparison(
  paths: readonly string[],
  {
    output,
    json,
    seed,
  }: { readonly output: string; readonly json?: boolean | undefined; readonly seed: string },
  { stdout, signal }: CommandContext,
): Promise<ExitCode> {
  const [a, b, ...others] = paths;
  if (a === undefined || b === undefined || others.length > 0)
    throw new CommandError("evaluate compare takes two report folders", exitCodes.usage);
  const { clearDifferences, compareReports } = await import("@proteoscope/lab");
  const { files, differences, ...sides } = await compareReports(a, b, { seed: parseInteger("seed", seed) });
  await withOutputFolder(
    output,
    async (folder) => {
      for (const [name, content] of files) await folder.write(name, content);
    },
    { signal, inputs: [a, b] },
  );
  if (json) printJson(stdout, { ...sides, differences });
  else {
    const clear = clearDifferences(differences);
    printLines(
      stdout,
      `${differences.length} measures of both, ${clear.length} whose difference is clear of 0 (B less A)`,
      ...clear.map(describe),
      `comparison.html, comparison.json and comparison.csv in ${output}`,
    );
  }
  return exitCodes.ok;
}

function describe({ measure, subject, set, difference, low, high, proteins }: ReportDifference): string {
  const interval = `${low.toPrecision(3)} to ${high.toPrecision(3)}`;
  return `  ${measure}, ${subject}, ${set}: ${difference.toPrecision(3)} (${interval}), ${proteins} proteins`;
}
