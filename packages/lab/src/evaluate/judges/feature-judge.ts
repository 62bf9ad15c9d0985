// A judge of what compartment a picture shows that was fitted to real cells alone: features made by hand and logistic
// regression. It has never seen a simulated cell, a drawing or a network's features, so that its answers on drawings are
// evidence of their own. How often it is right about real cells of other fields stands beside every answer.

import { type Compartment, placeLabels } from "../../data/atlas/compartments.ts";
import { type Crop, isRealCell } from "../../data/atlas/tables.ts";
import { groupBy } from "../../data/group-by.ts";
import { type CellPlanes, type Features, placementFeatures, textureFeatures } from "./cell-features.ts";
import { crossValidate, type LabelledFeatures } from "./cross-validation.ts";
import { fitLogistic, type Judge } from "./logistic-regression.ts";

/** Compartments that real pictures of this size tell apart. Cytoplasm and ER are one class: no judge reads them. */
export const judgedClasses: readonly { readonly name: string; readonly members: readonly Compartment[] }[] = [
  { name: "nucleoplasm", members: ["nucleoplasm"] },
  { name: "nucleolus", members: ["nucleolus"] },
  { name: "nuclear_membrane", members: ["nuclear_membrane"] },
  { name: "nuclear_domains", members: ["nuclear_domains"] },
  { name: "cytoplasm or ER", members: ["cytoplasm", "ER"] },
  { name: "mitochondria", members: ["mitochondria"] },
  { name: "vesicles", members: ["vesicles"] },
  { name: "Golgi", members: ["Golgi"] },
  { name: "plasma_membrane", members: ["plasma_membrane"] },
  { name: "cytoskeleton", members: ["cytoskeleton"] },
  { name: "centrosome", members: ["centrosome"] },
];

/** Share of a crop's labels that its class must have: fields of several compartments teach none. */
const clearShare = 0.6;

/** Position in `judgedClasses` of a real cell that shows one of them clearly; undefined for all other crops. */
export function judgedClassOf(crop: Crop): number | undefined {
  if (!isRealCell(crop)) return undefined;
  const placed = placeLabels(crop.labels);
  const shares = judgedClasses.map(({ members }) =>
    members.reduce((sum, member) => sum + (placed.get(member) ?? 0), 0),
  );
  const total = [...placed.values()].reduce((sum, weight) => sum + weight, 0);
  const clear = shares.findIndex((share) => total > 0 && share / total >= clearShare);
  return clear < 0 ? undefined : clear;
}

export interface ImageDescription {
  readonly placement: Features;
  readonly texture: Features;
}

/** The features of an image. */
export function describeImage(planes: CellPlanes): ImageDescription {
  return { placement: placementFeatures(planes), texture: textureFeatures(planes) };
}

/** What the judge is fitted to and asked. */
export function vectorOf({ placement, texture }: ImageDescription): number[] {
  return [...Object.values(placement), ...Object.values(texture)];
}

export interface ClassRecall {
  readonly name: string;
  readonly crops: number;
  readonly fields: number;
  readonly recall: number;
}

/** How good the judge is on real cells of fields that it was not fitted to. */
export interface JudgeAccuracy {
  readonly crops: number;
  readonly fields: number;
  readonly accuracy: number;
  /** Mean over the classes that occur. */
  readonly macroRecall: number;
  readonly recalls: readonly ClassRecall[];
}

export interface FeatureJudge {
  /** Probabilities over `judgedClasses` of features from `vectorOf`. */
  readonly judge: Judge;
  readonly onRealCells: JudgeAccuracy;
}

const ridge = 0.003;

/** Fits the judge to real cells, labelled by position in `judgedClasses` and grouped by field of view. */
export function fitFeatureJudge(cells: readonly LabelledFeatures[]): FeatureJudge {
  const options = { ridge, steps: 200 };
  const count = judgedClasses.length;
  const judge = fitLogistic(
    cells.map(({ features }) => features),
    cells.map(({ label }) => label),
    count,
    options,
  );
  const answers = crossValidate(cells, count, options).map(mostLikely);
  const judged = cells.map(({ label, group }, i) => ({ label, group, isRight: answers[i] === label }));
  return { judge, onRealCells: accuracyOf(judged) };
}

/** The position of the largest probability; the first of equals. */
export function mostLikely(probabilities: Float64Array): number {
  return probabilities.reduce((best, value, i) => (value > probabilities[best]! ? i : best), 0);
}

function accuracyOf(
  judged: readonly { readonly label: number; readonly group: string; readonly isRight: boolean }[],
): JudgeAccuracy {
  const share = (rows: typeof judged) => rows.filter(({ isRight }) => isRight).length / rows.length;
  const fieldsOf = (rows: typeof judged) => new Set(rows.map(({ group }) => group)).size;
  const recalls = [...groupBy(judged, ({ label }) => label)]
    .toSorted(([a], [b]) => a - b)
    .map(([label, rows]) => ({
      ...{
        name: judgedClasses[label]!.name,
        crops: rows.length,
        fields: fieldsOf(rows),
        recall: share(rows),
      },
    }));
  return {
    ...{ crops: judged.length, fields: fieldsOf(judged), accuracy: share(judged), recalls },
    macroRecall: recalls.reduce((sum, { recall }) => sum + recall, 0) / recalls.length,
  };
}
