// `proteoscope train show`: the curves of runs, in the terminal and as an HTML page, while they are trained and after. A
// terminal is drawn anew every two seconds until the runs are finished; elsewhere they are shown once.
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { curveLines, curvesPage, type RunRecord, readRun } from "@proteoscope/lab";
import type { CommandContext } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { writeFileAtomic } from "../cli/output.ts";
import { printJson, printLines } from "../cli/print.ts";
import { formatDuration } from "../cli/progress.ts";

const refreshMs = 2000;

export interface ShowRequest {
  /** Run folders. */
  readonly runs: readonly string[];
  /** The HTML page. */
  readonly output: string | undefined;
  readonly json: boolean;
}

/** Shows the runs once, or again and again in a terminal until all of them are finished. */
export async function showRuns(
  { runs, output, json }: ShowRequest,
  { stdout, stderr, signal }: CommandContext,
): Promise<undefined> {
  if (runs.length === 0) throw new CommandError("name a run folder: train show runs/plm", exitCodes.usage);
  const isLive = stdout.isTTY === true && !json;
  for (let height = 0; ; ) {
    const records = await Promise.all(runs.map(readRun));
    const isOver = !isLive || records.every(({ step, totalSteps }) => step >= totalSteps);
    if (output !== undefined) await writeFileAtomic(output, await pageOf(records, isOver), { signal });
    if (json) printJson(stdout, records.map(summaryOf));
    else {
      const lines = records.flatMap((record) => [titleOf(record), ...curveLines(record, stdout.columns)]);
      if (height > 0) stdout.write(`\u001b[${height}A\u001b[J`); // back to the first line of the last picture
      printLines(stdout, ...lines);
      height = lines.length;
    }
    if (isOver) break;
    await setTimeout(refreshMs, undefined, { signal });
  }
  if (output !== undefined && !json) printLines(stderr, output);
  return undefined;
}

async function pageOf(records: readonly RunRecord[], isOver: boolean): Promise<string> {
  const shown = records.map(async (record) => {
    const latest = record.samples.at(-1);
    return { ...record, sample: latest === undefined ? undefined : await readFile(latest) };
  });
  return curvesPage(await Promise.all(shown), { refreshSeconds: isOver ? 0 : 10 });
}

function titleOf({ path, trainer, step, totalSteps, secondsLeft }: RunRecord): string {
  const rest =
    secondsLeft === undefined || step >= totalSteps ? "" : `, ${formatDuration(1000 * secondsLeft)} left`;
  return `${path}: ${trainer}, step ${step} of ${totalSteps}${rest}`;
}

function summaryOf({ path, trainer, step, totalSteps, curves }: RunRecord) {
  const scores = Object.fromEntries(curves.map(({ name, points }) => [name, points.at(-1)!.value]));
  return { run: path, trainer, step, total_steps: totalSteps, scores };
}
