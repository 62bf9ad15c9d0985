// The pairs of crops with proteins in a training step and in validation: pure functions of the seed, and of the step or the
// crop. The names of the streams of random numbers are those of version 0.1, since they are part of every recorded number.

import { createGenerator } from "@proteoscope/engine";
import type { ImageData } from "../atlas/image-data.ts";
import type { Crop } from "../atlas/tables.ts";
import { chooseCrops } from "./image-batches.ts";
import type { Pair } from "./negative-pairs.ts";
import type { Pairing } from "./pairs.ts";

/** Pairs the crops of a training step. @throws RangeError for a crop that is not paired */
export function pairCrops(
  pairing: Pairing,
  crops: readonly Crop[],
  { seed, step }: { readonly seed: number; readonly step: number },
): Pair[] {
  const uniform = createGenerator(seed, "partners", step).uniform(crops.length);
  return crops.map((crop, item) => {
    const protein = pairing.pairedProtein(crop, uniform[item]!);
    if (protein === undefined) throw new RangeError(`crop ${crop.index} has no training protein`);
    return { crop, protein };
  });
}

/** A crop with the same protein at every validation; undefined for a crop that is not paired. */
export function validationPair(pairing: Pairing, crop: Crop, seed: number): Pair | undefined {
  const [uniform] = createGenerator(seed, "validation partner", crop.index).uniform(1);
  const protein = pairing.pairedProtein(crop, uniform!);
  return protein && { crop, protein };
}

/** Crops of unseen proteins, each with its own protein. */
export function unseenPairs(
  { unseen, unseenProteins }: Pick<ImageData, "unseen" | "unseenProteins">,
  { count, seed }: { readonly count: number; readonly seed: number },
): Pair[] {
  const byUniprot = new Map(unseenProteins.map((protein) => [protein.uniprot, protein]));
  return chooseCrops(unseen, count, seed).flatMap((crop) => {
    const protein = byUniprot.get(crop.uniprot);
    return protein === undefined ? [] : [{ crop, protein }];
  });
}
