// A localized protein as columns of text, the same in every table: that of `localize` and that of a screen. After these come
// the probabilities, a column per compartment.

import { describeKnown } from "./known.ts";
import type { LocalizedProtein } from "./localize.ts";

/** The columns before those of the compartments, in their order. */
export const localizedColumns = [
  ...["residues", "shown", "omitted", "known", "near"],
  ...["compartment", "balanced_compartment", "note"],
] as const;

/** The largest number that a column of probabilities has: to four digits none is a certainty. */
const mostProbability = 0.9999;

/** The cells of a protein by column; probabilities have four digits. */
export function tabulateLocalized({
  residues,
  shown,
  omitted,
  known,
  near,
  compartment,
  balancedCompartment,
  note,
  probabilities,
}: LocalizedProtein): Record<string, string> {
  const columns = Object.entries(probabilities).map(
    ([label, p]) => [label, Math.min(p, mostProbability).toFixed(4)] as const,
  );
  return {
    residues: String(residues),
    shown: String(shown),
    omitted: omitted === null ? "" : `${omitted.first}-${omitted.last}`,
    known: known === null ? "" : describeKnown(known),
    near: near === null ? "" : (near.protein?.gene ?? near.protein?.accession ?? "an annotated protein"),
    compartment,
    balanced_compartment: balancedCompartment,
    note: note ?? "",
    ...Object.fromEntries(columns),
  };
}
