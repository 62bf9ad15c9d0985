// What judges say, as figures: how often the compartment of images is the labelled one, each judge's own accuracy on real
// cells, confusions, agreement between judges, and the answer over the average of several images.

import { imageCompartments } from "../../data/atlas/compartments.ts";
import { groupBy } from "../../data/group-by.ts";
import { judgedClasses, mostLikely } from "../judges/judged-classes.ts";
import { type Confusion, confusion } from "../measures/accuracy.ts";
import type { BootstrapOptions } from "../measures/bootstrap.ts";
import { bootstrapSums, meanByUnit, sumByUnit } from "../measures/bootstrap-sums.ts";
import { cohensKappa, sharedAnswers } from "../measures/ranks/agreement.ts";
import { type Figure, type FigureKey, figureOf } from "./figure.ts";
import { type CompartmentJudge, classOfLabel, isRightFor } from "./judges.ts";
import type { Look } from "./look.ts";

/** A judge's answer about an image, by position in `judgedClasses`; class and unit of the image. */
export interface JudgedLook {
  readonly unit: string;
  readonly className: string;
  readonly isRight: boolean;
  readonly answer: number;
  /** Whether a right class is among the three most likely ones. */
  readonly isAmongThree: boolean;
}

/** The answers of a judge about images whose compartment is known. */
export function judgeLooks(judge: CompartmentJudge, looks: readonly Look[]): JudgedLook[] {
  return looks.flatMap(({ label, protein, encoded }) => {
    if (label === undefined) return [];
    const probabilities = judge.probabilities(encoded.get(judge.name)!);
    const answer = mostLikely(probabilities);
    return [
      {
        ...{ unit: protein, className: label.name, answer, isRight: isRightFor(label, answer) },
        isAmongThree: threeMostLikely(probabilities).some((one) => isRightFor(label, one)),
      },
    ];
  });
}

/** Positions of the three largest probabilities; one of 0 is no answer. */
function threeMostLikely(probabilities: Float64Array): number[] {
  return [...probabilities.keys()]
    .filter((index) => probabilities[index]! > 0)
    .toSorted((a, b) => probabilities[b]! - probabilities[a]!)
    .slice(0, 3);
}

/** The same images by several judges together: right where all of them are. The answers are of the same images in the same order. */
export function rightForAll(judged: readonly (readonly JudgedLook[])[]): JudgedLook[] {
  const [first = [], ...others] = judged;
  return first.map((look, i) => ({
    ...look,
    isRight: look.isRight && others.every((one) => one[i]!.isRight),
    isAmongThree: look.isAmongThree && others.every((one) => one[i]!.isAmongThree),
  }));
}

/** The name of several judges together, as figures have it. */
export const jointName = (judges: readonly Pick<CompartmentJudge, "name">[]): string =>
  judges.map(({ name }) => name).join(" and ");

/** Accuracy and macro recall. */
export function accuracyFigures(
  judged: readonly JudgedLook[],
  key: Omit<FigureKey, "measure">,
  options: BootstrapOptions,
): Figure[] {
  if (judged.length === 0) return [];
  const names = [...new Set(judged.map(({ className }) => className))];
  const share = (looks: readonly JudgedLook[], isCounted: (look: JudgedLook) => boolean) =>
    meanByUnit(
      looks.map((look) => ({ unit: look.unit, value: isCounted(look) ? 1 : 0 })),
      options,
    );
  const macro = bootstrapSums(
    sumByUnit(judged, ({ className, isRight }) =>
      names.flatMap((name) => (name === className ? [isRight ? 1 : 0, 1] : [0, 0])),
    ),
    (sums) => {
      const recalls = names.flatMap((_, i) =>
        sums[2 * i + 1]! > 0 ? [sums[2 * i]! / sums[2 * i + 1]!] : [],
      );
      return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
    },
    options,
  );
  const recalls = [...groupBy(judged, ({ className }) => className)].map(([compartment, ofClass]) =>
    figureOf(
      { ...key, compartment, measure: "recall" },
      share(ofClass, ({ isRight }) => isRight),
      ofClass.length,
    ),
  );
  return [
    figureOf(
      { ...key, measure: "accuracy" },
      share(judged, ({ isRight }) => isRight),
      judged.length,
    ),
    figureOf(
      { ...key, measure: "accuracy_top_3" },
      share(judged, ({ isAmongThree }) => isAmongThree),
      judged.length,
    ),
    figureOf({ ...key, measure: "macro_recall" }, macro, judged.length),
    ...recalls,
  ];
}

/** Answers about the real cells that no network learned from, of the classes that are given. */
export function judgeReal(judge: CompartmentJudge, classes: ReadonlySet<number>): JudgedLook[] {
  return judge.onReal
    .filter(({ cell }) => cell.isUnseen && classes.has(cell.label))
    .map(({ cell, answer, probabilities }) => ({
      ...{ unit: cell.field, className: judgedClasses[cell.label]!.name, answer },
      isRight: answer === cell.label,
      isAmongThree: threeMostLikely(probabilities).includes(cell.label),
    }));
}

/** The classes that labels of images name. */
export function classesOf(looks: readonly Look[]): Set<number> {
  const found = looks.flatMap(({ label }) => (label === undefined ? [] : (classOfLabel(label) ?? [])));
  return new Set(found);
}

/** Counts of answers by class. */
export function confusionOf(judged: readonly JudgedLook[]): Confusion {
  const order: readonly string[] = [...judgedClasses.map(({ name }) => name), ...imageCompartments];
  const present = [...new Set(judged.map(({ className }) => className))];
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return confusion(
    judged.map(({ className, answer }) => ({
      ...{ label: { name: className, members: [] }, predicted: judgedClasses[answer]!.name },
    })),
    present.toSorted((a, b) => rank(a) - rank(b)),
    judgedClasses.map(({ name }) => name),
  );
}

/** How far two judges agree. */
export interface JudgeAgreement {
  readonly a: string;
  readonly b: string;
  readonly on: "generated" | "real";
  readonly images: number;
  /** Share of equal answers. */
  readonly share: number;
  /** Cohen's kappa: 0 is chance, 1 the same. */
  readonly kappa: number | null;
}

/** Agreement of every two judges; `answers` are of the same images in the same order. */
export function agreements(
  answers: ReadonlyMap<string, readonly number[]>,
  on: JudgeAgreement["on"],
): JudgeAgreement[] {
  const judges = [...answers].map(([name, given]) => [name, given.map(String)] as const);
  return judges.flatMap(([a, ofA], i) =>
    judges.slice(i + 1).map(([b, ofB]) => {
      const kappa = cohensKappa(ofA, ofB);
      return {
        ...{ a, b, on, images: ofA.length, share: sharedAnswers(ofA, ofB) },
        kappa: Number.isFinite(kappa) ? kappa : null,
      };
    }),
  );
}

/**
 * Accuracy of the answer over the mean of the probabilities of the first m images of each protein, for m = 1 .. the largest
 * number that all have.
 */
export function averageFigures(
  judge: CompartmentJudge,
  samples: readonly Look[],
  key: Omit<FigureKey, "measure" | "subject">,
  options: BootstrapOptions,
): Figure[] {
  const groups = [...groupBy(samples, ({ protein }) => protein).values()].filter(
    ([first]) => first!.label !== undefined,
  );
  const most = Math.min(...groups.map(({ length }) => length));
  if (groups.length === 0 || most < 2) return [];
  const sums = groups.map(() => new Float64Array(judgedClasses.length));
  return Array.from({ length: most }, (_, m) => {
    const rows = groups.map((group, index) => {
      const { encoded, protein, label } = group[m]!;
      for (const [i, value] of judge.probabilities(encoded.get(judge.name)!).entries())
        sums[index]![i]! += value;
      return { unit: protein, value: isRightFor(label!, mostLikely(sums[index]!)) ? 1 : 0 };
    });
    return figureOf(
      { ...key, by: judge.name, measure: "accuracy_of_average", subject: `mean of ${m + 1}` },
      meanByUnit(rows, options),
      groups.length * (m + 1),
    );
  });
}
