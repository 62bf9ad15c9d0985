// What a screen found, in numbers: records by compartment, the most probable proteins of each, and the records that were
// refused. It grows row by row to a bounded size.

import { isDone, type ResultRow } from "./result-table.ts";

/** A protein that stands for its compartment. */
export interface ScreenExample {
  readonly id: string;
  readonly probability: number;
  /** Path of its picture in the folder; empty where there is none. */
  readonly picture: string;
}

/** A refused record: where it is, and why. */
export interface RefusedRow {
  readonly id: string;
  /** File, and line where there is one. */
  readonly place: string;
  /** One line. */
  readonly reason: string;
}

/** Numbers of a screen. */
export interface ScreenSummary {
  done: number;
  refused: number;
  /** Number of proteins by most probable compartment, in the order of the model's labels. */
  readonly compartments: Record<string, number>;
  /** The most probable proteins of each compartment, at most `examplesPerCompartment`, the most probable first. */
  readonly examples: Record<string, ScreenExample[]>;
  /** The first refused records, at most `listedRefusals`. */
  readonly refusals: RefusedRow[];
}

/** Number of proteins that stand for a compartment. */
export const examplesPerCompartment = 8;
/** Number of refused records that are listed. */
export const listedRefusals = 50;

/** The summary of no rows. */
export function emptySummary(labels: readonly string[]): ScreenSummary {
  const perLabel = <T>(value: () => T) => Object.fromEntries(labels.map((label) => [label, value()]));
  return { done: 0, refused: 0, compartments: perLabel(() => 0), examples: perLabel(() => []), refusals: [] };
}

/** Adds a row to the summary. */
export function summarize(summary: ScreenSummary, row: ResultRow): void {
  const { id = "", compartment = "", picture = "" } = row;
  if (!isDone(row)) {
    summary.refused++;
    if (summary.refusals.length < listedRefusals) summary.refusals.push(refusedRow(row));
    return;
  }
  summary.done++;
  summary.compartments[compartment] = (summary.compartments[compartment] ?? 0) + 1;
  const best = (summary.examples[compartment] ??= []);
  const example = { id, probability: Number(row[compartment]), picture };
  const place = best.findIndex(({ probability }) => probability < example.probability);
  best.splice(place < 0 ? best.length : place, 0, example);
  if (best.length > examplesPerCompartment) best.pop();
}

/** What the row of a refused record says. */
export function refusedRow({ id = "", status = "", file = "", line }: ResultRow): RefusedRow {
  return { id, place: line ? `${file}, line ${line}` : file, reason: status.replace(/^refused: /, "") };
}
