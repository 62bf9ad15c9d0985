import { describe, expect, it } from "vitest";
import { placeCompartment } from "../atlas/compartments.ts";
import { compartmentOfWord, labelsOfWords, writeLabels } from "./localisation-words.ts";

// The words of OpenCell's annotations and of the Human Protein Atlas, version 24.
const opencell = [
  ...["cytoplasmic", "nucleoplasm", "vesicles", "membrane", "nuclear_punctae", "er", "chromatin", "golgi"],
  ...["nucleolus_gc", "nucleolus_fc_dfc", "centrosome", "cell_contact", "big_aggregates", "small_aggregates"],
  ...["cytoskeleton", "nuclear_membrane", "mitochondria", "focal_adhesions"],
];
const proteinAtlas = [
  ...[
    "Nucleoplasm",
    "Nuclear speckles",
    "Nuclear bodies",
    "Nucleoli",
    "Nucleoli rim",
    "Nucleoli fibrillar center",
  ],
  ...[
    "Nuclear membrane",
    "Cytosol",
    "Cytoplasmic bodies",
    "Rods & Rings",
    "Aggresome",
    "Lipid droplets",
    "Mitochondria",
  ],
  ...[
    "Endoplasmic reticulum",
    "Golgi apparatus",
    "Vesicles",
    "Endosomes",
    "Lysosomes",
    "Peroxisomes",
    "Plasma membrane",
  ],
  ...["Cell Junctions", "Focal adhesion sites", "Actin filaments", "Intermediate filaments", "Microtubules"],
  ...[
    "Microtubule ends",
    "Centrosome",
    "Centriolar satellite",
    "Mitotic spindle",
    "Cytokinetic bridge",
    "Midbody",
  ],
];

describe("the words for places", () => {
  it.each([...opencell, ...proteinAtlas])("has a compartment for %s", (word) => {
    const compartment = compartmentOfWord(word);
    expect(compartment).toBeDefined();
    expect(() => placeCompartment(compartment!)).not.toThrow();
  });

  it("takes the largest grade of a compartment, and hands over what it does not know", () => {
    const unknown: string[] = [];
    const words = [
      ["nucleolus_gc", 1],
      ["Nucleoli", 3],
      ["cytosol", 2],
      ["nowhere", 3],
      ["constructor", 1],
    ] as const;
    const labels = labelsOfWords(words, (word) => unknown.push(word));
    expect(writeLabels(labels)).toBe("nucleolus:3;cytoplasm:2");
    expect(unknown).toEqual(["nowhere", "constructor"]);
  });
});
