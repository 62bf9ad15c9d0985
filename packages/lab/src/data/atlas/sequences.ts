// The sequences of an atlas folder by what may be done with them: proteins.csv and localisation.csv as one list, divided
// by `splitSequences`. Every trainer and every evaluation that reads sequences takes them from here, so that what one of
// them learns from is never another's held-out protein.

import { createGenerator } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { isInFraction } from "./protein-fraction.ts";
import { type SequenceSplit, type SplitOptions, splitSequences } from "./splits.ts";
import { type Protein, readLocalisation, readProteins } from "./tables.ts";

/**
 * Reads the proteins of an atlas folder by split. Swiss-Prot rows of the human table are left out: localisation.csv has
 * the same proteins.
 * @throws FormatError
 */
export async function readSequences(
  folder: string,
  options: SplitOptions = {},
): Promise<ReadonlyMap<SequenceSplit, readonly Protein[]>> {
  const all = [...(await readProteins(folder)), ...(await readLocalisation(folder))];
  const bySplit = new Map<SequenceSplit, Protein[]>();
  for (const [index, split] of splitSequences(all, options).entries()) {
    if (all[index]!.source === "deeploc2-human") continue;
    const members = bySplit.get(split) ?? [];
    members.push(all[index]!);
    bySplit.set(split, members);
  }
  return bySplit;
}

/** Proteins of a run. */
export interface TrainingSequences {
  readonly training: readonly Protein[];
  /** Human proteins of the calibration partition. */
  readonly validation: readonly Protein[];
  /** As many of the human proteins that are learned from, in a random order, to be compared with `validation`. */
  readonly seen: readonly Protein[];
}

/** The proteins that a trainer learns from and is validated on. @throws FormatError where there is none to learn from */
export async function readTrainingSequences(
  folder: string,
  {
    validationCount,
    seed,
    proteinFraction = 1,
    ...options
  }: SplitOptions & { validationCount: number; seed: number; proteinFraction?: number },
): Promise<TrainingSequences> {
  const splits = await readSequences(folder, options);
  const training = (splits.get("train") ?? []).filter((one) => isInFraction(one, proteinFraction, seed));
  if (training.length === 0)
    throw new FormatError("atlas", "no protein of proteins.csv or localisation.csv is for training", {
      hint: "give proteins that are not held out",
    });
  return {
    training,
    validation: chooseValidationProteins(splits.get("calibration") ?? [], validationCount, seed),
    seen: chooseValidationProteins(training, validationCount, seed),
  };
}

/** Up to `count` human proteins in a random order: what a model will be used on. */
function chooseValidationProteins(proteins: readonly Protein[], count: number, seed: number): Protein[] {
  const human = proteins.filter(({ isHuman }) => isHuman);
  const order = createGenerator(seed, "validation").shuffle(human.length);
  return Array.from(order.subarray(0, count), (index) => human[index]!);
}
