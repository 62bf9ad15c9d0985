// The classes by which judges answer: compartments that real pictures of crops' size distinguish, and which real cells show one of
// them clearly enough to teach it.

import { type Compartment, placeLabels } from "../../data/atlas/compartments.ts";
import { type Crop, isRealCell } from "../../data/atlas/tables.ts";

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

/** The position of the largest probability; the first of equals. */
export function mostLikely(probabilities: Float64Array): number {
  return probabilities.reduce((best, value, i) => (value > probabilities[best]! ? i : best), 0);
}
