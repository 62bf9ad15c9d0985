// The sequences of a scan: the protein with each of its windows changed, and the same change in proteins of
// the null. The plan is made before anything is computed, so that a scan that is continued finds the same sequences.

import { createGenerator } from "@proteoscope/engine";
import type { NamedSequence } from "../generate/request.ts";
import type { CellChoice } from "./cell-images.ts";
import { nearestComposition, type Stretch } from "./edits.ts";
import { type NullPlan, planNull } from "./null.ts";
import { changeStretch, placeWindows, type ScanMode } from "./windows.ts";

/** What is scanned, and how. */
export interface ScanRequest {
  readonly protein: NamedSequence;
  readonly mode: ScanMode;
  readonly windowResidues: number;
  readonly strideResidues: number;
  /** Number of draws of the null; by default `defaultDraws` of the number of windows. */
  readonly draws?: number | undefined;
  readonly seed: number;
  /** The cells in which each window is generated as well, and the number of draws of their null; none when absent. */
  readonly images?: (CellChoice & { readonly draws: number }) | undefined;
}

/** Draws with which a single window can pass the correction over all windows. */
export function defaultDraws(windows: number): number {
  return Math.max(400, 20 * windows);
}

/** The sequences of a scan, apart from the wild type. */
export interface ScanPlan extends NullPlan {
  readonly windows: readonly Stretch[];
  /** The protein with each window changed. */
  readonly changed: readonly string[];
}

/** Plans a scan; `matched` are proteins of about the same length. @throws ProteoscopeError (usage) for a window that does not fit. */
export function planScan(request: ScanRequest, matched: readonly string[]): ScanPlan {
  const { mode, seed, windowResidues, strideResidues } = request;
  const { sequence } = request.protein;
  const windows = placeWindows(sequence, windowResidues, strideResidues);
  const changed = windows.map((window) =>
    changeStretch(sequence, window, mode, createGenerator(seed, "window", window.begin)),
  );
  const plan = planNull(
    sequence,
    (background, random) => {
      const window = windows[random.integer(windows.length)]!;
      const residues = sequence.slice(window.begin, window.end);
      return changeStretch(background, nearestComposition(background, residues, random), mode, random);
    },
    {
      ...{ seed, draws: request.draws ?? defaultDraws(windows.length) },
      // Shorter ones have no room for a window.
      matched: matched.filter((other) => other.length > windowResidues),
    },
  );
  return { ...plan, windows, changed };
}
