// The words of OpenCell and of the Human Protein Atlas for places in the cell, as compartments of this project. What is in
// neither vocabulary is reported by whoever reads it, never dropped in silence.

import type { CompartmentLabel } from "../atlas/records.ts";

// OpenCell: opencell.czbiohub.org, Cho et al., Science 375, eabi6983 (2022). HPA: proteinatlas.org, Thul et al., Science 356
// (2017). In small letters, spaces as underscores.
const places: Readonly<Record<string, string>> = {
  cytoplasmic: "cytoplasm",
  cytosol: "cytoplasm",
  membrane: "plasma_membrane",
  cell_contact: "cell_junctions",
  nuclear_punctae: "nuclear_domains",
  nucleolus_gc: "nucleolus",
  nucleolus_fc_dfc: "nucleolus",
  nucleoli: "nucleolus",
  nucleoli_rim: "nucleolus",
  nucleoli_fibrillar_center: "nucleolus",
  big_aggregates: "aggregates",
  small_aggregates: "aggregates",
  aggresome: "aggregates",
  er: "ER",
  endoplasmic_reticulum: "ER",
  golgi: "Golgi",
  golgi_apparatus: "Golgi",
  nuclear_bodies: "nuclear_domains",
  nuclear_speckles: "nuclear_domains",
  centriolar_satellite: "centrosome",
  microtubule_organizing_center: "centrosome",
  mtoc: "centrosome",
  microtubules: "cytoskeleton",
  microtubule_ends: "cytoskeleton",
  actin_filaments: "cytoskeleton",
  intermediate_filaments: "cytoskeleton",
  focal_adhesion_sites: "focal_adhesions",
  endosomes: "vesicles",
  lysosomes: "vesicles",
  peroxisomes: "vesicles",
  "rods_&_rings": "rods_rings",
  midbody: "cytokinetic_bridge",
  midbody_ring: "cytokinetic_bridge",
};

/** Names that are compartments as they stand. */
const own = [
  ...[
    "mitochondria",
    "nucleoplasm",
    "cytoplasm",
    "vesicles",
    "nuclear_membrane",
    "nucleolus",
    "nuclear_domains",
  ],
  ...["plasma_membrane", "cytoskeleton", "centrosome", "extracellular", "chromatin", "cell_junctions"],
  ...["focal_adhesions", "cytokinetic_bridge", "mitotic_spindle", "cytoplasmic_bodies", "rods_rings"],
  ...["lipid_droplets", "aggregates", "plastid"],
];

/** The compartment of a word; undefined for a word of neither vocabulary. */
export function compartmentOfWord(word: string): string | undefined {
  const key = word.trim().toLowerCase().replaceAll(/\s+/g, "_");
  return Object.hasOwn(places, key) ? places[key] : own.find((name) => name === key);
}

/**
 * The labels that words with their grades stand for; of words for one compartment the largest grade counts. Unknown words are
 * handed to `onUnknown`.
 */
export function labelsOfWords(
  words: readonly (readonly [word: string, grade: number])[],
  onUnknown: (word: string) => void,
): CompartmentLabel[] {
  const weights = new Map<string, number>();
  for (const [word, grade] of words) {
    const compartment = compartmentOfWord(word);
    if (compartment === undefined) onUnknown(word);
    else weights.set(compartment, Math.max(grade, weights.get(compartment) ?? 0));
  }
  return [...weights].map(([name, weight]) => ({ name, weight }));
}

/** Labels as a cell of a table: `nucleolus:3;cytoplasm:1`. */
export function writeLabels(labels: readonly CompartmentLabel[]): string {
  return labels.map(({ name, weight }) => `${name}:${weight}`).join(";");
}
