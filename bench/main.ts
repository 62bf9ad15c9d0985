// `npm run bench`: measures the benchmarks, one process each, and prints a table; see options.ts for the words it takes.
// An interrupt ends what runs, prints what was measured and writes no file.
import { describeFailure, exitCodes } from "../packages/proteoscope/src/cli/errors.ts";
import { writeFileAtomic } from "../packages/proteoscope/src/cli/output.ts";
import { startProgress } from "../packages/proteoscope/src/cli/progress.ts";
import type { BenchResult } from "./case.ts";
import { cases, scalingCases } from "./cases/index.ts";
import { overheadShare } from "./cases/overhead.ts";
import { formatScaling } from "./cases/scaling.ts";
import { measureApart } from "./measure-apart.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { type BenchReport, describeMachine, formatTable } from "./report.ts";

async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words, { cases, scalingCases });
  if (options === undefined) process.stdout.write(usage);
  if (options === undefined || options.listOnly) {
    const rows = options?.chosen.map(({ name, title }) => [name.padEnd(24), title] as const) ?? [];
    process.stdout.write(rows.map((row) => `${row.join("  ")}\n`).join(""));
    return exitCodes.ok;
  }
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => interrupt.abort());
  const { results, failed } = await measureAll(options, interrupt.signal);
  print(results);
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  const report: BenchReport = { machine: describeMachine(), results };
  if (options.json !== undefined) await writeFileAtomic(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return failed ? exitCodes.failure : exitCodes.ok;
}

/** Runs one case after the other; one that fails is reported and left out. */
async function measureAll(options: BenchOptions, signal: AbortSignal) {
  const { chosen, device, threads, leastRuns } = options;
  const results: BenchResult[] = [];
  let failed = false;
  const progress = startProgress("bench", chosen.length * leastRuns, {
    stream: process.stderr,
    unit: "rounds",
  });
  for (const [index, { name }] of chosen.entries()) {
    const encode = (round: number) => progress.update(index * leastRuns + Math.min(round, leastRuns), name);
    encode(0);
    try {
      results.push(await measureApart(name, { device, threads, leastRuns, signal, onRound: encode }));
    } catch (error) {
      if (signal.aborted) break;
      failed = true;
      process.stderr.write(`\nbench: ${describeFailure(error).message}\n`);
    }
  }
  progress.close();
  return { results, failed };
}

function print(results: readonly BenchResult[]): void {
  const tables = [formatTable(results), formatScaling(results), overheadShare(results) ?? ""];
  process.stdout.write(
    `${tables
      .filter((text) => text !== "")
      .join("\n")
      .trimEnd()}\n`,
  );
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message, exitCode } = describeFailure(error);
  process.stderr.write(`bench: ${message}\n`);
  process.exitCode = exitCode;
}
