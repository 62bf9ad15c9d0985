// Figures of images around the same nucleus: how far a generated image is the real one, pixel by pixel and in its nuclear
// proportion. Beside it stand the bounds that a pair has: another protein's image around the nucleus (the floor that any image
// of a cell reaches), the autoencoder's reconstruction (the ceiling), the mean image.

import {
  medianOverlap,
  multiScaleSimilarity,
  mutualInformation,
  normalizedError,
  nuclearProportion,
  planeCorrelation,
  rankCorrelation,
  signalToNoise,
  structuralSimilarity,
} from "@proteoscope/imaging";
import type { WorkOptions } from "@proteoscope/microscope";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import type { CellEncoder, EncodedCell } from "../encoders/encoder.ts";
import type { CellPlanes } from "../judges/cell-features.ts";
import type { BootstrapOptions } from "../measures/bootstrap.ts";
import { bootstrapSums, meanByUnit, sumByUnit } from "../measures/bootstrap-sums.ts";
import { type Figure, figureOf } from "./figure.ts";
import type { ImagePair, PairSet } from "./image-set.ts";

export const pixelMeasures = [
  "ssim",
  "ms_ssim",
  "psnr",
  "pearson",
  "iou",
  "spearman",
  "nrmse",
  "mutual_information",
] as const;
export type PixelMeasure = (typeof pixelMeasures)[number];

/** One image beside the real one of its nucleus. */
export interface PairRow extends Readonly<Record<PixelMeasure, number>> {
  readonly id: string;
  readonly unit: string;
  readonly set: "unseen" | "seen" | "all";
  readonly subject: string;
  readonly nuclearProportion: number;
  readonly realProportion: number;
}

/** The floor whose overlap the generated one is measured above. */
export const floorSubject = "another protein";

/** An image of a pair in every space. */
export interface EncodedPairImage extends Pick<PairRow, "id" | "unit" | "set" | "subject"> {
  readonly gene: string | undefined;
  readonly label: LabelClass | undefined;
  /** By the name of the encoder. */
  readonly encoded: ReadonlyMap<string, EncodedCell>;
}

export interface MeasuredPairs {
  readonly rows: readonly PairRow[];
  /** The real image of each pair, with the subject "real", and the generated ones. */
  readonly images: readonly EncodedPairImage[];
}

/** Measures all pairs; `onPair` sees each. @throws the signal's reason, between two pairs */
export async function measurePairs(
  pairs: PairSet,
  encoders: readonly CellEncoder[],
  { signal, onProgress }: WorkOptions,
  onPair: (pair: ImagePair) => void = () => undefined,
): Promise<MeasuredPairs> {
  const [rows, images]: [PairRow[], EncodedPairImage[]] = [[], []];
  let done = 0;
  for await (const pair of pairs.read()) {
    signal.throwIfAborted();
    const { id, protein, gene, label, isSeen, real, generated, bounds } = pair;
    const set = isSeen === undefined ? "all" : isSeen ? "seen" : "unseen";
    const shown = Object.entries({ real, generated, ...bounds });
    const encoded = new Map(shown.map(([subject]) => [subject, new Map<string, EncodedCell>()]));
    for (const encoder of encoders) {
      const cells = await encoder.encode(shown.map(([, planes]) => planes));
      for (const [index, [subject]] of shown.entries())
        encoded.get(subject)!.set(encoder.name, cells[index]!);
    }
    for (const [subject, planes] of shown) {
      const key = { id, unit: protein, set, subject } as const;
      if (subject !== "real") rows.push({ ...key, ...comparePlanes(planes, real) });
      images.push({ ...key, gene, label, encoded: encoded.get(subject)! });
    }
    onPair(pair);
    onProgress?.({ phase: "pairs around one nucleus", done: ++done, total: pairs.count, unit: "pairs" });
  }
  return { rows, images };
}

function comparePlanes(
  { protein: image, side, distance: ownDistance }: CellPlanes,
  { protein: real, distance }: CellPlanes,
): Omit<PairRow, "id" | "unit" | "set" | "subject"> {
  return {
    ssim: structuralSimilarity(image, real, side),
    ms_ssim: multiScaleSimilarity(image, real, side),
    psnr: signalToNoise(image, real),
    pearson: planeCorrelation(image, real),
    iou: medianOverlap(image, real),
    spearman: rankCorrelation(image, real),
    nrmse: normalizedError(image, real),
    mutual_information: mutualInformation(image, real),
    nuclearProportion: nuclearProportion(image, ownDistance),
    realProportion: nuclearProportion(real, distance),
  };
}

/** All figures of pairs, resampled by protein. */
export function pairFigures(rows: readonly PairRow[], options: BootstrapOptions): Figure[] {
  const sets = [...new Set(rows.map(({ set }) => set))];
  return sets.flatMap((set) => {
    const ofSet = rows.filter((row) => row.set === set);
    const subjects = [...new Set(ofSet.map(({ subject }) => subject))];
    return subjects.flatMap((subject) => {
      const own = ofSet.filter((row) => row.subject === subject);
      const key = { subject, set, channel: "protein" as const };
      const pixels = pixelMeasures.map((measure) =>
        figureOf(
          { ...key, measure },
          meanByUnit(
            own.map((row) => ({ unit: row.unit, value: row[measure] })),
            options,
          ),
          own.length,
        ),
      );
      const floor = ofSet.filter((row) => row.subject === floorSubject);
      const above =
        floor.length === 0 || subject === floorSubject ? [] : [aboveFloor(own, floor, key, options)];
      return [...pixels, ...above, ...proportionFigures(own, key, options)];
    });
  });
}

/** (overlap - floor) / (1 - floor) of the means over the same pairs. */
function aboveFloor(
  own: readonly PairRow[],
  floor: readonly PairRow[],
  key: { readonly subject: string; readonly set: PairRow["set"] },
  options: BootstrapOptions,
): Figure {
  const floors = new Map(floor.map(({ id, iou }) => [id, iou]));
  const sums = sumByUnit(own, ({ id, iou }) => {
    const least = floors.get(id);
    return least === undefined ? undefined : [iou, least, 1];
  });
  const estimate = bootstrapSums(
    sums,
    ([overlap, least, count]) => (overlap! - least!) / (count! - least!),
    options,
  );
  return figureOf({ ...key, channel: "protein", measure: "iou_above_floor" }, estimate, own.length);
}

/** Pearson's correlation, mean absolute and mean relative error of nuclear proportions, over images. */
function proportionFigures(
  rows: readonly PairRow[],
  key: { readonly subject: string; readonly set: PairRow["set"]; readonly channel: "protein" },
  options: BootstrapOptions,
): Figure[] {
  const sums = sumByUnit(rows, ({ nuclearProportion: x, realProportion: y }) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return undefined;
    const error = Math.abs(x - y);
    return [1, x, y, x * x, y * y, x * y, error, y > 0 ? error / y : 0, y > 0 ? 1 : 0];
  });
  const statistics = {
    nuclear_proportion_r: ([n, x, y, xx, yy, xy]: Float64Array) =>
      n! < 3 ? Number.NaN : (n! * xy! - x! * y!) / Math.sqrt((n! * xx! - x! * x!) * (n! * yy! - y! * y!)),
    nuclear_proportion_mae: (of: Float64Array) => of[6]! / of[0]!,
    nuclear_proportion_mape: (of: Float64Array) => of[7]! / of[8]!,
  };
  return Object.entries(statistics).map(([measure, statistic]) =>
    figureOf({ ...key, measure }, bootstrapSums(sums, statistic, options), rows.length),
  );
}
