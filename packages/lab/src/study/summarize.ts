// What a study found: the score of each combination, with an interval over seeds and over proteins together. Both are
// resampled, seeds first and then the proteins of each, since runs of one seed share what chance decided and images of one
// protein resemble each other (a two-stage bootstrap; Davison & Hinkley 1997, section 3.8).

import { createGenerator } from "@proteoscope/engine";
import { writeCsv } from "@proteoscope/formats";
import { quantileSorted } from "simple-statistics";
import { mean } from "../evaluate/measures/bootstrap.ts";
import type { StudyRun } from "./plan.ts";

/** The result of a finished run. */
export interface StudyResult {
  readonly run: StudyRun;
  /** The score of its last validation. */
  readonly score: number;
  /** The score of each protein; empty where the trainer reports none. */
  readonly proteins: readonly number[];
}

/** One combination of settings. */
export interface StudyRow {
  readonly settings: Readonly<Record<string, string>>;
  readonly value: number;
  /** Interval of 95 %. */
  readonly interval95: readonly [low: number, high: number];
  readonly seeds: number;
  /** Number of proteins per seed; 0 where the interval is over seeds alone. */
  readonly proteins: number;
}

const rounds = 1000;

/** One row per combination, in the order of the runs. */
export function summarizeStudy(results: readonly StudyResult[]): StudyRow[] {
  const groups = new Map<string, StudyResult[]>();
  for (const result of results) {
    const key = JSON.stringify(result.run.settings);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => ({
    settings: group[0]!.run.settings,
    value: mean(group.map(({ score }) => score)),
    interval95: intervalOf(group),
    seeds: group.length,
    proteins: Math.min(...group.map(({ proteins }) => proteins.length)),
  }));
}

function intervalOf(group: readonly StudyResult[]): [number, number] {
  const random = createGenerator(0, "study");
  let drawn = 0;
  const pick = (count: number): number[] => {
    const uniform = random.uniform(count, drawn);
    drawn += count;
    return Array.from(uniform, (u) => Math.floor(u * count));
  };
  const means = Array.from({ length: rounds }, () => {
    const seeds = pick(group.length).map((index) => group[index]!);
    return mean(
      seeds.map(({ score, proteins }) =>
        proteins.length === 0 ? score : mean(pick(proteins.length).map((index) => proteins[index]!)),
      ),
    );
  }).sort((a, b) => a - b);
  return [quantileSorted(means, 0.025), quantileSorted(means, 0.975)];
}

/** The table as CSV. */
export function studyTable(rows: readonly StudyRow[], score: string): string {
  const names = Object.keys(rows[0]?.settings ?? {});
  const cells = rows.map(({ settings, value, interval95: [low, high], seeds, proteins }) => ({
    ...settings,
    ...{ [score]: value, low, high, seeds, proteins_per_seed: proteins },
  }));
  return writeCsv(cells, [...names, score, "low", "high", "seeds", "proteins_per_seed"]);
}
