// The images of a scan: the wild type, every window and some draws of the null are generated in the same cells from the same
// noise; the effect is the distance between the mean features of two sets of images.

import type { WorkOptions } from "../progress.ts";
import {
  type CellChoice,
  type CellImager,
  type CellMeasures,
  featureDistances,
  splitMeasures,
} from "./cell-images.ts";
import { drawsPerBackground } from "./null.ts";
import { computePart, type FindPart, type Part } from "./parts.ts";
import type { ScanPlan } from "./scan-plan.ts";
import {
  benjaminiHochberg,
  effectSize,
  empiricalP,
  type MeanWithInterval,
  type NullSummary,
  overNuclei,
  summarizeNull,
  type Tail,
} from "./statistics.ts";

/** The effects of all windows on the images, and their null. */
export interface ImageEffects {
  readonly summary: NullSummary;
  /** Mean distance over the nuclei, with its interval over them. */
  readonly windows: readonly (MeanWithInterval & {
    readonly effectSize: number;
    readonly p: number;
    readonly q: number;
  })[];
}

/** Generates and measures the images of a scan, a part per sequence. */
export async function* scanImages(
  imager: CellImager,
  cells: CellChoice & { readonly draws: number },
  { changed, backgrounds, draws, windows }: ScanPlan,
  { wildType, tail }: { readonly wildType: string; readonly tail: Tail },
  { find, signal, onProgress }: Partial<WorkOptions> & { readonly find: FindPart },
): AsyncGenerator<{ readonly part: Part }, ImageEffects, undefined> {
  // One draw per background first: draws that share one resemble each other.
  const ofNull = draws
    .filter((_, draw) => draw % drawsPerBackground === 0)
    .slice(0, cells.draws)
    .flatMap(({ background, sequence }) => [backgrounds[background]!, sequence]);
  const sequences = [wildType, ...changed, ...ofNull];
  const measures: CellMeasures[] = [];
  for (const [index, sequence] of sequences.entries()) {
    signal?.throwIfAborted();
    const measured = yield* computePart(`images-${String(index).padStart(6, "0")}`, find, async () =>
      imager.measure(await imager.generate(sequence, cells, signal), cells),
    );
    measures.push(splitMeasures(measured, cells.settings.samples, imager.labels.length));
    onProgress?.({ phase: "images", done: index + 1, total: sequences.length, unit: "sequences" });
  }
  const distances = (before: number, after: number) => featureDistances(measures[before]!, measures[after]!);
  const effects = changed.map((_, window) =>
    overNuclei(distances(0, 1 + window).map((distance) => [distance])),
  );
  const nullEffects = Array.from({ length: ofNull.length / 2 }, (_, draw) => {
    const first = 1 + windows.length + 2 * draw;
    return overNuclei(distances(first, first + 1).map((distance) => [distance])).mean;
  });
  const summary = summarizeNull(nullEffects, windows.length, tail);
  const ps = effects.map(({ mean }) => empiricalP(mean, nullEffects, tail));
  const qs = benjaminiHochberg(ps);
  return {
    summary,
    windows: effects.map((effect, index) => ({
      ...effect,
      ...{ effectSize: effectSize(effect.mean, summary), p: ps[index]!, q: qs[index]! },
    })),
  };
}
