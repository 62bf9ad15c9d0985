// The protein's side of a network that is trained on images and sequences: what a finished language model says of each
// protein, brought to unit deviation over the training proteins, and which protein an image goes with.

import type { NdArray, Runtime } from "@proteoscope/engine";
import { subfolder } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import type { Protein } from "../data/atlas.ts";
import { createPairing, type Pairing } from "../data/pairs.ts";
import { readSequenceModel } from "./finished-models.ts";
import {
  conditionWeights,
  createEmbedder,
  type ProteinTable,
  type SequenceEmbedder,
  type SequenceModel,
  tabulateProteins,
} from "./sequence-embedder.ts";
import { readTensors } from "./starting-weights.ts";

/**
 * Pairs images with proteins. An image of unknown gene goes with a protein of its compartment, drawn by the localization
 * head's probability of that compartment to a power: above 0, by those whose sequence tells where they are.
 */
export function pairByConfidence(
  proteins: readonly Protein[],
  table: ProteinTable,
  labels: readonly string[],
  power: number,
): Pairing {
  const rows = new Map(proteins.map((protein, row) => [protein, table.compartments[row]!]));
  /** Of being in all of some compartments, were they independent. */
  const confidence = (protein: Protein, compartments: readonly string[]): number =>
    compartments.reduce((product, name) => {
      const logit = rows.get(protein)![labels.indexOf(name)]!;
      return product / (1 + Math.exp(-logit));
    }, 1);
  return createPairing(proteins, (protein, compartments) => confidence(protein, compartments) ** power);
}

export interface ProteinSide {
  readonly reader: SequenceModel;
  readonly embedder: SequenceEmbedder;
  readonly pairing: Pairing;
  /** The weights of `sequenceCondition`, which belong to what is trained on it. */
  readonly condition: ReadonlyMap<string, NdArray>;
}

export interface ProteinSideOptions {
  /** The `model` folder of a run of `train plm`. */
  readonly plm: string;
  /** The `model` folder of an earlier run, whose condition is kept. */
  readonly startFrom: string | undefined;
  readonly partnerConfidence: number;
  readonly seed: number;
}

/** Opens it for the proteins that may be learned from. Close the embedder when done. */
export async function openProteinSide(
  runtime: Runtime,
  proteins: readonly Protein[],
  { plm, startFrom, partnerConfidence, seed }: ProteinSideOptions,
): Promise<ProteinSide> {
  const reader = await readSequenceModel(openFolder(plm));
  const table = await tabulateProteins(
    runtime,
    reader,
    proteins.map(({ sequence }) => sequence),
  );
  const condition =
    startFrom === undefined
      ? conditionWeights(table, seed)
      : await readTensors(subfolder(openFolder(startFrom), "condition"));
  const embedder = await createEmbedder(runtime, reader, condition);
  const pairing = pairByConfidence(proteins, table, reader.head.config.labels, partnerConfidence);
  return { reader, embedder, pairing, condition };
}
