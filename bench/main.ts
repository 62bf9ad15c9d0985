// `npm run bench -- [--json FILE] [--only TEXT]`: measures all benchmarks, or those whose name contains TEXT,
// one process each, and prints a table; the JSON has the machine beside the results.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeFileAtomic } from "../packages/proteoscope/src/output.ts";
import type { BenchResult } from "./case.ts";
import { cases } from "./cases/index.ts";
import { type BenchReport, describeMachine, formatTable } from "./report.ts";

const { values } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string", default: "" } },
});
const names = cases.map(({ name }) => name).filter((name) => name.includes(values.only));
if (names.length === 0) throw new Error(`no benchmark has "${values.only}" in its name`);

const runCase = fileURLToPath(new URL("./run-case.ts", import.meta.url));
const results = names.map((name): BenchResult => {
  process.stderr.write(`${name} ...\n`);
  const output = execFileSync(process.execPath, ["--import", "tsx", runCase, name], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  return JSON.parse(output.trim().split("\n").at(-1)!);
});

const report: BenchReport = { machine: describeMachine(), results };
process.stdout.write(formatTable(results));
if (values.json !== undefined) await writeFileAtomic(values.json, `${JSON.stringify(report, null, 2)}\n`);
