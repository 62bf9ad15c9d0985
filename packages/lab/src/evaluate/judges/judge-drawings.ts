// What a judge that knows real cells alone says of drawings: which compartment they show, whether the model's own
// classifier agrees, whether drawings are told from real cells, and how far nucleus and cytoplasm differ beside real
// cells of the same compartment.

import type { Compartment } from "../../data/atlas/compartments.ts";
import type { LabelClass } from "../../data/atlas/label-class.ts";
import { type BootstrapOptions, bootstrap, type Estimate, mean, median } from "../measures/bootstrap.ts";
import { type CellPlanes, dnaUnderProtein, nuclearContrast } from "./cell-features.ts";
import { distinguish } from "./distinguish.ts";
import {
  describeImage,
  fitFeatureJudge,
  type ImageDescription,
  type JudgeAccuracy,
  judgedClasses,
  mostLikely,
  vectorOf,
} from "./feature-judge.ts";

/** What the features of one image say, of a real cell or a drawing. */
export interface DescribedImage extends ImageDescription {
  readonly contrast: number;
  readonly dnaUnderProtein: number;
}

export function describeForJudges(planes: CellPlanes): DescribedImage {
  return {
    ...describeImage(planes),
    ...{ contrast: nuclearContrast(planes), dnaUnderProtein: dnaUnderProtein(planes) },
  };
}

export interface RealCell {
  readonly image: DescribedImage;
  /** Position in `judgedClasses`. */
  readonly label: number;
  readonly field: string;
}

export interface Drawing {
  readonly image: DescribedImage;
  readonly label: LabelClass;
  /** What the model's own classifier sees. */
  readonly classifierAnswer: string;
  readonly isSeen: boolean;
  /** The field that the nucleus is of. */
  readonly field: string;
}

export interface ClassLook {
  readonly name: string;
  readonly real: number;
  readonly drawn: number;
  /** Median log2 of nucleus over cytoplasm; null where there is no image. */
  readonly contrast: { readonly real: number | null; readonly drawn: number | null };
  /** Median DNA stain under the protein's light, over the nucleus's mean. */
  readonly dnaUnderProtein: { readonly real: number | null; readonly drawn: number | null };
}

export interface JudgeMetrics {
  readonly onRealCells: JudgeAccuracy;
  /** Resampled by protein; null where nothing was drawn. */
  readonly drawn: Readonly<
    Record<"unseen" | "seen", { readonly accuracy: Estimate | null; readonly agreement: Estimate | null }>
  >;
  /** Area under the curve, real against drawn of the same classes, by placement alone and by all features; 0.5 is chance. */
  readonly realism: {
    readonly placement: number | null;
    readonly all: number | null;
    readonly images: number;
  };
  readonly classes: readonly ClassLook[];
}

/** Fits the judge to real cells and asks it; null where cells of fewer than two fields leave nothing to be judged by. */
export function judgeDrawings(
  cells: readonly RealCell[],
  drawings: readonly Drawing[],
  options: BootstrapOptions,
): JudgeMetrics | null {
  if (new Set(cells.map(({ field }) => field)).size < 2) return null;
  const { judge, onRealCells } = fitFeatureJudge(
    cells.map(({ image, label, field }) => ({ features: vectorOf(image), label, group: field })),
  );
  const judged = drawings.map(({ image, label, classifierAnswer, isSeen }) => {
    const members: readonly string[] = judgedClasses[mostLikely(judge(vectorOf(image)))]!.members;
    return {
      isSeen,
      isRight: label.members.some((member) => members.includes(member)),
      isAgreed: members.includes(classifierAnswer),
    };
  });
  const share = (isSeen: boolean, isCounted: (one: (typeof judged)[number]) => boolean) =>
    bootstrap(
      judged.filter((one) => one.isSeen === isSeen),
      (drawn) => mean(drawn.map((one) => (isCounted(one) ? 1 : 0))),
      options,
    );
  const scores = (isSeen: boolean) => ({
    accuracy: share(isSeen, ({ isRight }) => isRight),
    agreement: share(isSeen, ({ isAgreed }) => isAgreed),
  });
  return {
    onRealCells,
    drawn: { unseen: scores(false), seen: scores(true) },
    realism: compareSets(cells, drawings),
    classes: judgedClasses.map((_, label) => lookOf(label, cells, drawings)),
  };
}

/** Position of the one class that a label names; undefined where it names several. */
function classOf({ members }: LabelClass): number | undefined {
  const found = judgedClasses.findIndex((one) =>
    members.every((member) => one.members.includes(member as Compartment)),
  );
  return found < 0 ? undefined : found;
}

/** Each drawing beside a real cell of its class, in turns, so that the shares of the classes give nothing away. */
function compareSets(cells: readonly RealCell[], drawings: readonly Drawing[]): JudgeMetrics["realism"] {
  const turns = judgedClasses.map(() => 0);
  const pairs = drawings.flatMap((drawing) => {
    const label = classOf(drawing.label);
    const ofClass = cells.filter((cell) => cell.label === label);
    if (label === undefined || ofClass.length === 0) return [];
    return [{ drawing, cell: ofClass[turns[label]!++ % ofClass.length]! }];
  });
  const area = (vector: (image: DescribedImage) => number[]) => {
    const side = (of: (pair: (typeof pairs)[number]) => { image: DescribedImage; field: string }) =>
      pairs.map(of).map(({ image, field }) => ({ features: vector(image), group: field }));
    const value = distinguish(
      side(({ cell }) => cell),
      side(({ drawing }) => drawing),
    );
    return Number.isFinite(value) ? value : null;
  };
  return {
    placement: area(({ placement }) => Object.values(placement)),
    all: area(vectorOf),
    images: pairs.length,
  };
}

function lookOf(label: number, cells: readonly RealCell[], drawings: readonly Drawing[]): ClassLook {
  const real = cells.filter((cell) => cell.label === label).map(({ image }) => image);
  const drawn = drawings.filter((drawing) => classOf(drawing.label) === label).map(({ image }) => image);
  const middle = (images: readonly DescribedImage[], of: (image: DescribedImage) => number) =>
    images.length > 0 ? median(images.map(of)) : null;
  const both = (of: (image: DescribedImage) => number) => ({
    real: middle(real, of),
    drawn: middle(drawn, of),
  });
  return {
    ...{ name: judgedClasses[label]!.name, real: real.length, drawn: drawn.length },
    contrast: both(({ contrast }) => contrast),
    dnaUnderProtein: both((image) => image.dnaUnderProtein),
  };
}
