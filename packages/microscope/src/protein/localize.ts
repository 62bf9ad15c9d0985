// Compartments from sequences alone, protein by protein: multi-label probabilities, and the balanced posterior of a protein
// that is in one compartment alone. What is known of a protein stands beside them.

import { CheckpointError, type SequenceWindow } from "@proteoscope/models";
import type { WorkOptions } from "../progress.ts";
import type { EncodeOptions, ProteinEncoder } from "./encoder.ts";
import { explainCompartment } from "./explain-compartment.ts";
import type { KnownProtein, NearProtein } from "./known.ts";
import { type CompartmentProbabilities, mostProbable } from "./probabilities.ts";

/** The predicted compartments of one protein. */
export interface LocalizedProtein {
  readonly id: string;
  /** Length of the sequence. */
  readonly residues: number;
  /** Number of residues that the language model was shown. */
  readonly shown: number;
  /** One-based range of residues that it was not shown; null where it was shown all. */
  readonly omitted: { readonly first: number; readonly last: number } | null;
  /** The annotation of exactly this sequence; null where the model has none. */
  readonly known: KnownProtein | null;
  /** The annotated protein that the sequence is a mutant, an isoform or a fragment of; null where there is none. */
  readonly near: NearProtein | null;
  /** The compartment of the largest of `probabilities`. */
  readonly compartment: string;
  /** The compartment of the largest of `posterior`, which differs where a rare compartment is likely for its frequency. */
  readonly balancedCompartment: string;
  /** Why `balancedCompartment` is not `compartment`; null where it is. */
  readonly note: string | null;
  /** Multi-label: each compartment by itself. */
  readonly probabilities: CompartmentProbabilities;
  /** Single-label, with all compartments equally frequent; sums to 1. */
  readonly posterior: CompartmentProbabilities;
  /** k-mer similarity of the nearest annotated protein, 0 to 1; null where the model has none. */
  readonly nearestHomolog: number | null;
}

/** One-based range of the residues that a window leaves out; null where it has all. */
export function omittedResidues({ omitted }: SequenceWindow): LocalizedProtein["omitted"] {
  return omitted === undefined ? null : { first: omitted.begin + 1, last: omitted.end };
}

/**
 * Predicts the compartments of each protein, in their order.
 * @throws SequenceError for a residue that the model does not know, CheckpointError where its weights give no numbers, the
 * signal's reason when it is aborted.
 */
export async function* localize(
  encoder: ProteinEncoder,
  proteins: readonly { readonly id: string; readonly sequence: string }[],
  { signal, onProgress, ...options }: Partial<WorkOptions> & EncodeOptions = {},
): AsyncGenerator<LocalizedProtein, void, undefined> {
  for (const [index, { id, sequence }] of proteins.entries()) {
    signal?.throwIfAborted();
    const encoded = await encoder.encode(sequence, {}, options);
    const { probabilities, posterior, window } = encoded;
    if (!encoded.logits.every(Number.isFinite))
      throw new CheckpointError(
        `${encoder.model.name}: its networks give values that are no numbers; fetch the model again`,
      );
    yield {
      id,
      residues: sequence.length,
      shown: window.sequence.length,
      omitted: omittedResidues(window),
      known: encoded.known ?? null,
      near: encoded.near ?? null,
      compartment: mostProbable(probabilities),
      balancedCompartment: mostProbable(posterior),
      note: explainCompartment(probabilities, posterior) ?? null,
      probabilities,
      posterior,
      nearestHomolog: encoded.nearestHomolog ?? null,
    };
    onProgress?.({ phase: "localize", done: index + 1, total: proteins.length, unit: "proteins" });
  }
}
