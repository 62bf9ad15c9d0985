// What a run says of itself on disk, whether it is finished, interrupted or under way: its metrics as curves, how far it
// is and how long the rest takes. Nothing is locked and nothing is written.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, parseConfig } from "../../config/compose.ts";
import { readRunConfig } from "../run-folder.ts";

/** One number over the steps of a run. */
export interface Curve {
  /** As in metrics.jsonl, such as "loss.plm" or "validation.tokens". */
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/** The state of a run. */
export interface RunRecord {
  readonly path: string;
  readonly trainer: string;
  /** The text of config.yaml. */
  readonly config: string;
  /** Steps that are reported. */
  readonly step: number;
  readonly totalSteps: number;
  /** Seconds that the rest takes at the pace of the last steps; undefined while there is no pace. */
  readonly secondsLeft: number | undefined;
  readonly curves: readonly Curve[];
  /** Paths of the pictures, the earliest first. */
  readonly samples: readonly string[];
}

/** Reads a run folder. @throws ConfigError where it holds no run. */
export async function readRun(path: string): Promise<RunRecord> {
  const config = await readRunConfig(path);
  if (config === undefined) throw new ConfigError(`${path} holds no run`);
  const { trainer, train } = parseConfig(config, `${path}/config.yaml`) as Record<string, unknown>;
  const totalSteps = Number((train as Record<string, unknown> | undefined)?.steps);
  const lines = (await readFile(join(path, "metrics.jsonl"), "utf8").catch(() => "")).split("\n");
  const records = lines.flatMap(parseLine);
  const step = Math.max(0, ...records.map((record) => Number(record.step)));
  const msPerStep = records.findLast(({ stepMs }) => typeof stepMs === "number")?.stepMs as
    | number
    | undefined;
  return {
    ...{ path, trainer: String(trainer), config, step, totalSteps },
    secondsLeft: msPerStep === undefined ? undefined : ((totalSteps - step) * msPerStep) / 1000,
    curves: curvesOf(records),
    samples: await samplesOf(path),
  };
}

function parseLine(line: string): Record<string, unknown>[] {
  try {
    return line === "" ? [] : [JSON.parse(line)];
  } catch {
    return []; // the last line of a run that was killed, or is being written
  }
}

function curvesOf(records: readonly Record<string, unknown>[]): Curve[] {
  const curves = new Map<string, { step: number; value: number }[]>();
  for (const { step, time, ...scores } of records)
    for (const [name, value] of Object.entries(scores)) {
      if (typeof value !== "number") continue;
      const points = curves.get(name) ?? [];
      points.push({ step: Number(step), value });
      curves.set(name, points);
    }
  return [...curves].map(([name, points]) => ({ name, points }));
}

async function samplesOf(path: string): Promise<string[]> {
  const names = await readdir(join(path, "samples")).catch(() => []);
  const stepOf = (name: string) => Number(/\d+/.exec(name)?.[0]);
  return names
    .filter((name) => /^step-\d+\.png$/.test(name))
    .sort((a, b) => stepOf(a) - stepOf(b))
    .map((name) => join(path, "samples", name));
}
