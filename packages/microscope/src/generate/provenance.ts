// The record that goes with every generated image: what made it, from what, and what is claimed of it. Plain JSON; `schema`
// counts its versions. Version 2 names quantities as the field does (docs/conditioning.md).

import type { ProteinContext } from "@proteoscope/models";
import type { GeneratedImages } from "../image/generate.ts";
import type { MicroscopeModel } from "../model/model.ts";
import type { EncodedProtein } from "../protein/encoder.ts";
import { explainTarget } from "../protein/explain-compartment.ts";
import type { KnownProtein, NearProtein } from "../protein/known.ts";
import { omittedResidues } from "../protein/localize.ts";
import { assignSamples } from "../protein/main-compartments.ts";
import type { CompartmentProbabilities } from "../protein/probabilities.ts";
import { sha256Hex } from "../sha256.ts";
import type { ChosenNucleus } from "./nuclei.ts";
import type { GenerateSettings, NamedSequence } from "./request.ts";

/** The record that goes with every generated image. */
export interface Provenance {
  readonly schema: 2;
  readonly synthetic: true;
  /** Versions of the programs, by name. */
  readonly software: Readonly<Record<string, string>>;
  readonly model: { readonly name: string; readonly sha256: Readonly<Record<string, string>> };
  readonly protein: {
    readonly id: string;
    readonly description: string;
    readonly source: string;
    readonly gene: string | null;
    readonly residues: number;
    /** SHA-256 of the sequence's letters, in hexadecimal. */
    readonly sha256: string;
    /** Number of residues that the language model was shown. */
    readonly shown: number;
    /** One-based range of residues that it was not shown; null where it was shown all. */
    readonly omitted: { readonly first: number; readonly last: number } | null;
  };
  /** The annotation of exactly this sequence; null where the model has none. */
  readonly known: KnownProtein | null;
  /** The annotated protein that the sequence is a mutant, an isoform or a fragment of; null where there is none. */
  readonly near: NearProtein | null;
  readonly homologs: {
    /** k-mer similarity of the nearest annotated protein, 0 to 1; null where the model has no annotated proteins. */
    readonly nearest: number | null;
    /** Whether homologs' annotations are in what is predicted: not for a protein that is known or near a known one. */
    readonly used: boolean;
    readonly meaning: string;
  };
  /** Context tokens that the image was conditioned on in addition to the sequence. */
  readonly context: { readonly names: readonly string[] } & Omit<ProteinContext, "gene">;
  readonly nucleus: ChosenNucleus["origin"];
  readonly settings: GenerateSettings;
  readonly compartments: {
    /** Multi-label probabilities from the sequence, not from the protein's own annotation: each compartment by itself. */
    readonly predicted: CompartmentProbabilities;
    /** Single-label posterior from the sequence in which all compartments are equally frequent; sums to 1. */
    readonly posterior: CompartmentProbabilities;
    /** Shares of the compartments that the images were conditioned on; null where the model has no compartment target. */
    readonly target: CompartmentProbabilities | null;
    /** The one compartment that each image of a known protein was conditioned on; null where the target is predicted. */
    readonly targetPerSample: readonly string[] | null;
    /** Why the first target compartment is not the most probable predicted one; null where it is. */
    readonly note: string | null;
    /** What the image classifier recognises, mean over the samples; sums to 1. */
    readonly classified: CompartmentProbabilities;
    readonly classifiedPerSample: readonly CompartmentProbabilities[];
  };
  readonly agreement: {
    /** Mean pairwise Pearson correlation of the samples inside the cell, 0 to 1; null for one sample. */
    readonly value: number | null;
    readonly meaning: string;
    readonly medoidSample: number;
  };
}

export interface ProvenanceSources {
  readonly software: Provenance["software"];
  /** `id` is the protein's own name, whatever its files are called. */
  readonly protein: NamedSequence;
  readonly encoded: EncodedProtein;
  readonly nucleus: ChosenNucleus;
  readonly images: GeneratedImages;
  readonly settings: GenerateSettings;
  readonly context: Omit<ProteinContext, "gene">;
}

/** The record of one cell. */
export async function describeProvenance(
  model: Pick<MicroscopeModel, "name" | "checksums">,
  { software, protein, encoded, nucleus, images, settings, context }: ProvenanceSources,
): Promise<Provenance> {
  const { probabilities, posterior, known, near, knownTargets, targetCompartments: target } = encoded;
  const shares = knownTargets.map(({ share }) => share);
  return {
    schema: 2,
    synthetic: true,
    software,
    model: { name: model.name, sha256: model.checksums },
    protein: {
      id: protein.id,
      description: protein.description ?? "",
      source: protein.source ?? "",
      gene: protein.gene ?? null,
      residues: protein.sequence.length,
      sha256: await sha256Hex(protein.sequence),
      shown: encoded.window.sequence.length,
      omitted: omittedResidues(encoded.window),
    },
    known: known ?? null,
    near: near ?? null,
    homologs: {
      nearest: encoded.nearestHomolog ?? null,
      used: encoded.usesHomologs,
      meaning:
        "k-mer similarity of the nearest annotated protein that the model brings, 0 to 1; at 1 it is the protein itself",
    },
    context: { names: encoded.context, ...context },
    nucleus: nucleus.origin,
    settings,
    compartments: {
      predicted: probabilities,
      posterior,
      target: target ?? null,
      targetPerSample:
        shares.length === 0
          ? null
          : assignSamples(shares, settings.samples).map((index) => knownTargets[index]!.compartment),
      note: explainTarget(encoded) ?? null,
      classified: images.compartments,
      classifiedPerSample: images.classified,
    },
    agreement: {
      value: images.agreement,
      meaning: "mean pairwise correlation of the samples inside the cell, 0 to 1; agreement, not correctness",
      medoidSample: images.medoid,
    },
  };
}
