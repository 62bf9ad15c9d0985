// The class of a protein where one answer among the compartments is compared with its label. A class may have several right
// answers, since some labels name a whole and not its parts: Swiss-Prot says "nucleus" of a nucleolar protein.

import {
  type Compartment,
  clearGrade,
  compartmentGroups,
  imageCompartments,
  namesWholes,
  placeCompartment,
} from "./compartments.ts";
import { isGraded, type Protein } from "./tables.ts";

/** A label and the answers that are right for it. */
export interface LabelClass {
  readonly name: string;
  /** Compartments that count as correct. */
  readonly members: readonly string[];
}

/** The class of a name of the atlas; undefined for one that no image shows. @throws FormatError for an unknown name */
export function labelOfCompartment(name: string): LabelClass | undefined {
  const placed = placeCompartment(name);
  return placed !== undefined && imageCompartments.includes(placed)
    ? { name: placed, members: [placed] }
    : undefined;
}

/**
 * The class of a protein that is in one compartment, which is among `answers`; undefined for all other proteins. What
 * OpenCell grades as barely visible is ignored. Where the source states only the nucleus or the cytoplasm as a whole, any
 * of its parts is correct.
 */
export function labelOf(
  protein: Protein,
  answers: readonly Compartment[] = imageCompartments,
): LabelClass | undefined {
  const { labels, source } = protein;
  const clear = labels.filter(({ weight }) => !isGraded(source) || weight >= clearGrade);
  const [only, ...others] = new Set(clear.map(({ name }) => placeCompartment(name)));
  if (only === undefined || others.length > 0 || !answers.includes(only)) return undefined;
  const group = compartmentGroups.find(({ members }) => members[0] === only);
  if (!namesWholes(protein) || group === undefined) return { name: only, members: [only] };
  return { name: `${group.name} (any part)`, members: group.members };
}
