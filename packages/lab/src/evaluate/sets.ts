// What a model is evaluated on: real crops, and human proteins of one compartment, unseen (OpenCell's validation proteins,
// the held-out homology partition) and seen in training. Evaluation sets are stratified: classes are sampled in turns and
// capped at a quarter of a set, so that the first N proteins of a set are as balanced as the set allows.

import { createGenerator } from "@proteoscope/engine";
import { imageCompartments, placeCompartment } from "../data/atlas/compartments.ts";
import { type LabelClass, labelOf } from "../data/atlas/label-class.ts";
import { isTrainingCrop, type SequenceSplit, splitSequences, splitsByUniprot } from "../data/atlas/splits.ts";
import {
  type Crop,
  type Protein,
  readCrops,
  readLocalisation,
  readProteins,
  simulatedProteomeSource,
} from "../data/atlas/tables.ts";
import { groupBy } from "../data/group-by.ts";

/** Names of the sets of proteins; `seen` are proteins that were trained on. */
export const evaluationSets = ["opencell", "partition", "seen"] as const;
/** One of `evaluationSets`. */
export type EvaluationSet = (typeof evaluationSets)[number];

/** A protein of a set, with its single label. */
export interface EvaluatedProtein {
  readonly set: EvaluationSet;
  readonly protein: Protein;
  readonly label: LabelClass;
}

/** A real cell whose protein is known. */
export interface KnownCrop {
  readonly crop: Crop;
  readonly protein: Protein;
  /** Whether the protein was trained on. */
  readonly isSeen: boolean;
}

/** The proteins and crops of an atlas that an evaluation uses. */
export interface EvaluationData {
  readonly proteins: Readonly<Record<EvaluationSet, readonly EvaluatedProtein[]>>;
  /** Crops that image models learn from, blends of two cells among them. */
  readonly trainingCrops: readonly Crop[];
  /** All real single cells of a compartment that a picture can show. */
  readonly realCrops: readonly Crop[];
  /** The real crops that nothing was trained on. */
  readonly unseenCrops: readonly Crop[];
  /** Real crops of known proteins, at most `cropsOfProtein` per protein. */
  readonly knownCrops: readonly KnownCrop[];
}

/** Largest number of crops per protein, so that a protein with many crops does not stand for all. */
export const cropsOfProtein = 4;

/** Reads the tables of an atlas folder; `seed` orders each class (default 0). @throws FormatError */
export async function readEvaluationData(
  folder: string,
  options: { readonly seed?: number } = {},
): Promise<EvaluationData> {
  const { seed = 0 } = options;
  const [{ crops }, human, localisation] = await Promise.all([
    readCrops(folder),
    readProteins(folder),
    readLocalisation(folder),
  ]);
  const all = [...human, ...localisation];
  const splits = splitSequences(all);
  const byUniprot = splitsByUniprot(human, splits.slice(0, human.length));
  const isShown = (crop: Crop) => !crop.isBlend && compartmentOf(crop) !== undefined;
  const realCrops = crops.filter(isShown);
  const labelled = labelProteins(all, splits);
  const inSet = (set: EvaluationSet) => {
    const ofSet = labelled.filter((one) => one.set === set);
    return balance(takeTurns(ofSet, ({ label }) => label.name, seed));
  };
  return {
    proteins: { opencell: inSet("opencell"), partition: inSet("partition"), seen: inSet("seen") },
    trainingCrops: crops.filter((crop) => isTrainingCrop(crop, byUniprot)),
    realCrops,
    unseenCrops: realCrops.filter((crop) => !isTrainingCrop(crop, byUniprot)),
    knownCrops: chooseKnown(realCrops, human, byUniprot, seed),
  };
}

/** The compartment that a crop shows, in the vocabulary of image models; undefined if it has none. */
export function compartmentOf({ primary }: Crop): string | undefined {
  const placed = placeCompartment(primary);
  return placed !== undefined && imageCompartments.includes(placed) ? placed : undefined;
}

// OpenCell resolves what Swiss-Prot does not: for a protein in both, OpenCell's record counts.
function labelProteins(all: readonly Protein[], splits: readonly SequenceSplit[]): EvaluatedProtein[] {
  const taken = new Set<string>();
  const labelled: EvaluatedProtein[] = [];
  for (const source of ["opencell", simulatedProteomeSource, "deeploc2-swissprot"]) {
    for (const [index, protein] of all.entries()) {
      if (protein.source !== source || !protein.isHuman) continue;
      const keys = [protein.sequence, protein.uniprot, protein.sameAs ?? protein.id];
      const isTaken = keys.some((key) => key !== undefined && taken.has(key));
      for (const key of keys) if (key !== undefined) taken.add(key);
      const set = setOf[splits[index]!];
      const label = labelOf(protein);
      if (!isTaken && set !== undefined && label !== undefined) labelled.push({ set, protein, label });
    }
  }
  return labelled;
}

const setOf: Partial<Record<SequenceSplit, EvaluationSet>> = {
  opencell: "opencell",
  test: "partition",
  train: "seen",
};

/** Takes one item of each class in turn; the seed gives the order within a class. */
function takeTurns<T>(items: readonly T[], classOf: (item: T) => string, seed: number): T[] {
  const order = createGenerator(seed, "evaluate").shuffle(items.length);
  const queues = [
    ...groupBy(
      Array.from(order, (position) => items[position]!),
      classOf,
    ).values(),
  ];
  const longest = Math.max(0, ...queues.map(({ length }) => length));
  return Array.from({ length: longest }, (_, round) =>
    queues.flatMap((queue) => queue.slice(round, round + 1)),
  ).flat();
}

const mostShare = 1 / 4;

/**
 * Leaves out what is beyond the largest number of a class that keeps every class within a quarter of the set, or within
 * an equal share of fewer than four classes.
 */
function balance(proteins: readonly EvaluatedProtein[]): EvaluatedProtein[] {
  const sizes = [...groupBy(proteins, ({ label }) => label.name).values()].map(({ length }) => length);
  const share = Math.max(mostShare, 1 / sizes.length);
  let most = Math.max(0, ...sizes);
  while (most > 1 && most > share * sizes.reduce((sum, size) => sum + Math.min(size, most), 0)) most--;
  const taken = new Map<string, number>();
  return proteins.filter(({ label }) => {
    const count = (taken.get(label.name) ?? 0) + 1;
    taken.set(label.name, count);
    return count <= most;
  });
}

function chooseKnown(
  crops: readonly Crop[],
  human: readonly Protein[],
  splits: ReadonlyMap<string, SequenceSplit>,
  seed: number,
): KnownCrop[] {
  const proteins = new Map(human.map((protein) => [protein.uniprot, protein]));
  const known = crops.flatMap((crop): KnownCrop[] => {
    const set = crop.uniprot === undefined ? undefined : setOf[splits.get(crop.uniprot) ?? "unused"];
    const protein = proteins.get(crop.uniprot);
    return set === undefined || protein === undefined ? [] : [{ crop, protein, isSeen: set === "seen" }];
  });
  const inTurns = takeTurns(known, ({ protein }) => protein.id, seed);
  const ofProteins = groupBy(inTurns, ({ protein }) => protein.id).values();
  return [...ofProteins].flatMap((crops) => crops.slice(0, cropsOfProtein));
}
