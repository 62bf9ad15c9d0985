// The compartments of the models, and what each data source says about them. The sources differ in what they resolve:
// OpenCell grades single compartments, DeepLoc 2.0 (Swiss-Prot) labels the nucleus and the cytoplasm only as wholes
// (Thumuluri et al., NAR 2022). A label that a source cannot give is unknown, not absent.

import { FormatError } from "@proteoscope/formats";
import { type CompartmentLabel, isGraded, type Protein } from "./records.ts";

/** The vocabulary, in the order of every model's output. */
export const compartments = [
  "mitochondria",
  "nucleoplasm",
  "ER",
  "cytoplasm",
  "vesicles",
  "nuclear_membrane",
  "nucleolus",
  "Golgi",
  "nuclear_domains",
  "plasma_membrane",
  "cytoskeleton",
  "centrosome",
  "extracellular",
] as const;
/** One name of the vocabulary. */
export type Compartment = (typeof compartments)[number];

/** The compartments that an image of a cell can show. */
export const imageCompartments: readonly Compartment[] = compartments.filter(
  (name) => name !== "extracellular",
);

/** Wholes that DeepLoc 2.0 labels without their parts; its label is mapped to the first member. */
export const compartmentGroups: readonly { name: string; members: readonly Compartment[] }[] = [
  { name: "nucleus", members: ["nucleoplasm", "nucleolus", "nuclear_membrane", "nuclear_domains"] },
  { name: "cytoplasm", members: ["cytoplasm", "cytoskeleton", "centrosome"] },
];

/** The primary compartment of a crop without any label. */
export const unknownCompartment = "unknown";

// Finer names of the atlas, grouped as in the Human Protein Atlas; a name that is `undefined` is outside the vocabulary.
const finer: Readonly<Record<string, Compartment | undefined>> = {
  chromatin: "nucleoplasm",
  cell_junctions: "plasma_membrane",
  focal_adhesions: "cytoskeleton",
  cytokinetic_bridge: "cytoskeleton",
  mitotic_spindle: "cytoskeleton",
  cytoplasmic_bodies: "cytoplasm",
  rods_rings: "cytoplasm",
  lipid_droplets: "vesicles",
  aggregates: undefined,
  plastid: undefined,
  [unknownCompartment]: undefined,
};

/** The compartment of the vocabulary that a name of the atlas belongs to, if any. @throws FormatError for an unknown name */
export function placeCompartment(name: string): Compartment | undefined {
  const known = compartments.find((compartment) => compartment === name);
  if (known !== undefined || Object.hasOwn(finer, name)) return known ?? finer[name];
  throw new FormatError("atlas", `"${name}" is not a compartment`, {
    hint: `known are ${[...compartments, ...Object.keys(finer)].join(", ")}`,
  });
}

/** Labels by compartment of the vocabulary; where several belong to one compartment, it has the largest weight. */
export function placeLabels(labels: readonly CompartmentLabel[]): Map<Compartment, number> {
  const placed = new Map<Compartment, number>();
  for (const { name, weight } of labels) {
    const compartment = placeCompartment(name);
    if (compartment !== undefined) {
      placed.set(compartment, Math.max(weight, placed.get(compartment) ?? 0));
    }
  }
  return placed;
}

/** Multi-label targets of a protein; `known` is 0 where its source does not resolve the label. */
export interface SequenceTargets {
  /** [compartments] 0 or 1. */
  readonly targets: Float32Array;
  readonly known: Float32Array;
  /** [groups] 0 or 1: whether the protein is in any member of the group. */
  readonly groupTargets: Float32Array;
  readonly groupKnown: Float32Array;
}

/** The least grade of OpenCell that counts as a label: 3 is strong, 2 weaker, 1 barely visible. */
export const clearGrade = 2;

/** The multi-label targets of a protein, as far as its source resolves them. */
export function sequenceTargets(protein: Protein): SequenceTargets {
  const result: SequenceTargets = {
    targets: new Float32Array(compartments.length),
    known: new Float32Array(compartments.length),
    groupTargets: new Float32Array(compartmentGroups.length),
    groupKnown: new Float32Array(compartmentGroups.length),
  };
  const placed = placeLabels(protein.labels);
  if (placed.size === 0) return result;
  for (const [index, compartment] of compartments.entries()) {
    const weight = placed.get(compartment) ?? 0;
    const isUnclear = isGraded(protein.source) && weight > 0 && weight < clearGrade;
    result.targets[index] = weight > 0 ? 1 : 0;
    result.known[index] =
      isUnclear || (compartment === "extracellular" && !resolvesSecretion(protein)) ? 0 : 1;
  }
  if (!namesWholes(protein)) return result;
  for (const [group, { members }] of compartmentGroups.entries()) {
    if (!placed.has(members[0]!)) continue;
    result.groupTargets[group] = 1;
    result.groupKnown[group] = 1;
    for (const member of members) {
      result.targets[compartments.indexOf(member)] = 0;
      result.known[compartments.indexOf(member)] = 0;
    }
  }
  return result;
}

/** Whether a label of this source may mean the nucleus or the cytoplasm as a whole. */
export function namesWholes({ source }: Protein): boolean {
  return source.startsWith("deeploc2-") || source === "hpa-test";
}

// Microscopes see what stays in the cell; only the annotators of Swiss-Prot write "secreted".
function resolvesSecretion(protein: Protein): boolean {
  return protein.source === "deeploc2-swissprot" || protein.source === "deeploc2-human";
}

/** Shares of the compartments of an image, [imageCompartments], that sum to 1; undefined if it shows none of them. */
export function imageTargets(labels: readonly CompartmentLabel[]): Float32Array | undefined {
  const shares = new Float32Array(imageCompartments.length);
  for (const { name, weight } of labels) {
    const compartment = placeCompartment(name);
    const index = compartment === undefined ? -1 : imageCompartments.indexOf(compartment);
    if (index >= 0) shares[index]! += weight;
  }
  const total = shares.reduce((sum, share) => sum + share, 0);
  return total > 0 ? shares.map((share) => share / total) : undefined;
}
