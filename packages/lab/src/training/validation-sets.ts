// Validation on two sets: proteins that are learned from and proteins that are not. The first set has the score that chooses
// the model; the scores of the second have its name before theirs. What is measured of each image or protein by itself is
// reported, so that intervals over proteins can be given afterwards.

import { writeCsv } from "@proteoscope/formats";
import type { Scores } from "./scores.ts";

/** Takes the scores of one image or protein of a set. */
export type ReportItem = (protein: string, scores: Scores) => void;

/** Scores of one image or protein. */
export interface ItemScores {
  readonly set: string;
  /** Id of the protein. */
  readonly protein: string;
  readonly scores: Scores;
}

/** What is measured on a set: its scores, and by `report` those of its items. */
export type Validate<T> = (items: readonly T[], report: ReportItem) => Promise<Scores>;

/** Scores of `first`, and those of `second`, unless it is empty, as `name.score`. Items are added to `log`. */
export async function validateBoth<T>(
  validate: Validate<T>,
  first: readonly T[],
  name: "seen" | "unseen",
  second: readonly T[],
  log: ItemScores[] = [],
): Promise<Scores> {
  const reportTo =
    (set: string): ReportItem =>
    (protein, scores) =>
      void log.push({ set, protein, scores });
  const scores = await validate(first, reportTo(name === "seen" ? "unseen" : "seen"));
  if (second.length === 0) return scores;
  const others = Object.entries(await validate(second, reportTo(name)));
  return { ...scores, ...Object.fromEntries(others.map(([key, value]) => [`${name}.${key}`, value])) };
}

/** A table with one row per item: step, set, protein and scores. */
export function itemTable(step: number, items: readonly ItemScores[]): string {
  const names = [...new Set(items.flatMap(({ scores }) => Object.keys(scores)))];
  const rows = items.map(({ set, protein, scores }) => ({ step, set, protein, ...scores }));
  return writeCsv(rows, ["step", "set", "protein", ...names]);
}
