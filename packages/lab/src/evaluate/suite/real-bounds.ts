// Real images in a generated one's place, which bound what a model can reach: one of the protein's compartment (what a model
// reaches that knows the compartment alone, and draws as the microscope does), and one of the training protein whose sequence is
// most similar (what looking up reaches, without any network).

import { createGenerator } from "@proteoscope/engine";
import { openHomologs } from "@proteoscope/models";
import { homologsOf } from "../../data/atlas/homologs.ts";
import { type LabelClass, labelOfCompartment } from "../../data/atlas/label-class.ts";
import type { Crop, Protein } from "../../data/atlas/tables.ts";
import { groupBy } from "../../data/group-by.ts";
import type { EvaluationData } from "../sets.ts";

/** The bounds, as figures name them. */
export const realBounds = ["real image of the compartment", "real image of the nearest protein"] as const;
export type RealBound = (typeof realBounds)[number];

/** A protein that bounds are looked for. */
export interface BoundedProtein extends Pick<Protein, "uniprot" | "sequence"> {
  /** Chooses among several images. */
  readonly id: string;
  readonly label: LabelClass | undefined;
}

/** Gives the training crops that bound the figures of a protein; a bound is absent where no crop fits. */
export type FindBounds = (protein: BoundedProtein) => Partial<Record<RealBound, Crop>>;

/** Opens the search among training crops of single cells; crops of the protein itself are left out. */
export function openRealBounds(
  { trainingCrops, knownCrops }: Pick<EvaluationData, "trainingCrops" | "knownCrops">,
  seed: number,
): FindBounds {
  const single = trainingCrops.filter(({ isBlend }) => !isBlend);
  const labels = new Map(
    [...new Set(single.map(({ primary }) => primary))].map((name) => [name, labelOfCompartment(name)]),
  );
  const learned = new Set(single);
  const known = knownCrops.filter(({ crop, isSeen }) => isSeen && learned.has(crop));
  const ofProtein = groupBy(known, ({ protein }) => protein);
  const proteins = [...ofProtein.keys()];
  const { config, proteins: annotated } = homologsOf(proteins);
  const homologs = openHomologs(config, annotated);
  return ({ id, uniprot, sequence, label }) => {
    const choose = (crops: readonly Crop[], name: string): Crop | undefined =>
      crops[createGenerator(seed, "bound", name, id).integer(Math.max(1, crops.length))];
    const isOther = (crop: Crop) => uniprot === undefined || crop.uniprot !== uniprot;
    const ofCompartment = single.filter((crop) => {
      const members = labels.get(crop.primary)?.members;
      return label !== undefined && isOther(crop) && members?.every((name) => label.members.includes(name));
    });
    const nearest = homologs
      .score(sequence)
      .candidates.map(({ protein }) => proteins[protein]!)
      .find((protein) => protein.uniprot !== uniprot && protein.sequence !== sequence);
    const bounds = {
      [realBounds[0]]: choose(ofCompartment, "compartment"),
      [realBounds[1]]:
        nearest &&
        choose(
          (ofProtein.get(nearest) ?? []).map(({ crop }) => crop),
          "nearest",
        ),
    };
    return Object.fromEntries(Object.entries(bounds).filter(([, crop]) => crop !== undefined));
  };
}
