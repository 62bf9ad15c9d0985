// A fraction of the training proteins, to measure what more proteins are worth. Homologs are chosen together, and a smaller
// fraction is a part of a larger one, so that runs differ in the number of proteins alone.

import { createGenerator } from "@proteoscope/engine";
import { z } from "zod";
import type { Protein } from "./tables.ts";

/** Option of every trainer, under `data`: how many of the training proteins are learned from, 0 to 1. */
export const proteinFractionSchema = z.number().positive().max(1).default(1);

/** Whether a training protein is among a fraction of them. */
export function isInFraction({ cluster, id }: Protein, fraction: number, seed: number): boolean {
  if (fraction >= 1) return true;
  return createGenerator(seed, "protein fraction", cluster ?? id).uniform(1)[0]! < fraction;
}
