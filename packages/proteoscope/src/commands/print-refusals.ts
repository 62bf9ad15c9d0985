// Refused records on standard error, one line each, as `screen` and `embed` name them: only so many are read, and how many
// are left out is said.

import type { RefusedRow } from "@proteoscope/microscope/experiments";
import { printLines } from "../cli/print.ts";

/** More lines are not read. */
const mostLines = 50;

/** Prints where refused records are and why, and their number among all; nothing where there are none. */
export function printRefusals(
  stderr: Parameters<typeof printLines>[0],
  refusals: readonly RefusedRow[],
  { refused, records }: { readonly refused: number; readonly records: number },
): void {
  if (refused === 0) return;
  const shown = refusals.slice(0, mostLines);
  const left = refused - shown.length;
  const total = `${refused} of ${records} records refused`;
  const lines = shown.map(({ id, place, reason }) => `${place}, ${id}: ${reason}`);
  lines.push(left > 0 ? `${total}, ${left} of them not listed here` : total);
  printLines(stderr, ...lines.map((line) => `proteoscope: ${line}`));
}
