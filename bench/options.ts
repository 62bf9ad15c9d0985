// The words after `npm run bench --`, checked before anything runs.
// A misspelt name is refused with the nearest one: a benchmark that did not run is found out an hour later.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { parseInteger, suggest } from "../packages/proteoscope/src/cli/arguments.ts";
import { CommandError, exitCodes } from "../packages/proteoscope/src/cli/errors.ts";
import type { BenchCase } from "./case.ts";
import { measureDefaults } from "./measure.ts";

export interface BenchOptions {
  /** In the order in which they run. */
  readonly chosen: readonly BenchCase[];
  readonly listOnly: boolean;
  readonly json: string | undefined;
  readonly device: "cpu" | "webgpu" | "cuda";
  readonly threads: number;
  readonly leastRuns: number;
}

export const usage = `npm run bench -- [options]
  --only NAME[,NAME]  these cases alone; a part of a name chooses all that contain it
  --scaling           how time and memory grow with length and batch, instead of the cases
  --json FILE         also writes machine and results as JSON
  --threads N         of our engine and of the peer; all cores when absent
  --device NAME       cpu (default), webgpu or cuda; peers stay on the cpu
  --runs N            rounds of a case at least; ${measureDefaults.leastRuns} when absent
  --list              prints names and what they measure
`;

export interface CaseSets {
  readonly cases: readonly BenchCase[];
  readonly scalingCases: readonly BenchCase[];
}

/** @returns undefined where help is asked for. @throws CommandError (usage). */
export function readOptions(words: readonly string[], sets: CaseSets): BenchOptions | undefined {
  const { values } = parse(words);
  if (values.help) return undefined;
  const device = values.device ?? "cpu";
  if (device !== "cpu" && device !== "webgpu" && device !== "cuda")
    throw refuse(`--device is cpu, webgpu or cuda, got "${device}"`);
  const integer = (option: "threads" | "runs", otherwise: number): number =>
    values[option] === undefined ? otherwise : parseInteger(option, values[option], { min: 1 });
  return {
    chosen: choose(values.only, values.scaling ? sets.scalingCases : sets.cases, sets),
    listOnly: values.list,
    json: values.json,
    device,
    threads: integer("threads", availableParallelism()),
    leastRuns: integer("runs", measureDefaults.leastRuns),
  };
}

function parse(words: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    ...{ only: text, json: text, threads: text, device: text, runs: text },
    ...{ scaling: flag, list: flag, help: flag },
  };
  try {
    return parseArgs({ args: [...words], options });
  } catch (error) {
    throw refuse((error as Error).message);
  }
}

/** The cases that are named, in their own order; names are looked for in all sets, parts of names in the one asked for. */
function choose(only: string | undefined, asked: readonly BenchCase[], sets: CaseSets): readonly BenchCase[] {
  if (only === undefined) return asked;
  const all = [...sets.cases, ...sets.scalingCases];
  const found = only.split(",").flatMap((word) => {
    const exact = all.filter(({ name }) => name === word);
    const matching = exact.length > 0 ? exact : asked.filter(({ name }) => name.includes(word));
    if (matching.length > 0) return matching;
    const meant = suggest(
      word,
      all.map(({ name }) => name),
      "",
    );
    throw refuse(`--only: no benchmark is called "${word}"${meant || "; --list names them"}`);
  });
  return all.filter((candidate) => found.includes(candidate));
}

function refuse(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
