// Compartments from sequences alone, protein by protein: multi-label probabilities, and the balanced posterior of a protein
// that is in one compartment alone.

import { CheckpointError } from "@proteoscope/models";
import type { WorkOptions } from "../progress.ts";
import type { CompartmentProbabilities, ProteinEncoder } from "./encoder.ts";

/** The predicted compartments of one protein. */
export interface LocalizedProtein {
  readonly id: string;
  /** Length of the sequence. */
  readonly residues: number;
  /** Number of residues that the language model was shown. */
  readonly shown: number;
  /** The compartment of the largest of `probabilities`. */
  readonly compartment: string;
  /** The compartment of the largest of `posterior`, which differs where a rare compartment is likely for its frequency. */
  readonly balancedCompartment: string;
  /** Multi-label: each compartment by itself. */
  readonly probabilities: CompartmentProbabilities;
  /** Single-label, with all compartments equally frequent; sums to 1. */
  readonly posterior: CompartmentProbabilities;
  /** k-mer similarity of the nearest annotated protein, 0 to 1; null where the model has none. */
  readonly nearestHomolog: number | null;
}

/**
 * Predicts the compartments of each protein, in their order.
 * @throws SequenceError for a residue that the model does not know, CheckpointError where its weights give no numbers, the
 * signal's reason when it is aborted.
 */
export async function* localize(
  encoder: ProteinEncoder,
  proteins: readonly { readonly id: string; readonly sequence: string }[],
  { signal, onProgress }: Partial<WorkOptions> = {},
): AsyncGenerator<LocalizedProtein, void, undefined> {
  for (const [index, { id, sequence }] of proteins.entries()) {
    signal?.throwIfAborted();
    const { probabilities, posterior, nearestHomolog, window, logits } = await encoder.encode(sequence);
    if (!logits.every(Number.isFinite))
      throw new CheckpointError(
        `${encoder.model.name}: its networks give values that are no numbers; fetch the model again`,
      );
    yield {
      id,
      residues: sequence.length,
      shown: window.sequence.length,
      compartment: mostProbable(probabilities),
      balancedCompartment: mostProbable(posterior),
      probabilities,
      posterior,
      nearestHomolog: nearestHomolog ?? null,
    };
    onProgress?.({ phase: "localize", done: index + 1, total: proteins.length, unit: "proteins" });
  }
}

/** The label of the largest probability, the first of equal ones. */
export function mostProbable(probabilities: CompartmentProbabilities): string {
  return Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
