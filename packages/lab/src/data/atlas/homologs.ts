// The annotated proteins of a model, from which annotations are transferred to homologs. A protein counts once, shared among
// its compartments. A whole whose parts its source does not resolve (the nucleus, the cytoplasm) is shared among the parts by
// their frequencies in the sources that do.

import {
  type AnnotatedProteins,
  type AnnotationSource,
  homologDefaults,
  type LoadedHomologs,
  type ProteinAnnotation,
} from "@proteoscope/models";
import {
  compartmentGroups,
  compartments,
  namesWholes,
  placeLabels,
  sequenceTargets,
} from "./compartments.ts";
import { isGraded, type Protein } from "./tables.ts";

/** The sources of annotations, the one that resolves most first. */
const annotationSources: readonly AnnotationSource[] = [
  { key: "opencell", title: "OpenCell", unresolved: [] },
  { key: "uniprot", title: "UniProt by DeepLoc 2.0", unresolved: compartmentGroups },
  { key: "hpa", title: "Human Protein Atlas by DeepLoc 2.0", unresolved: compartmentGroups },
];

const keyOfSource: Readonly<Record<string, string>> = {
  opencell: "opencell",
  "deeploc2-human": "uniprot",
  "deeploc2-swissprot": "uniprot",
  "hpa-test": "hpa",
  "deeploc2-hpa-test": "hpa",
};

/** The homologs of a model that is trained on these proteins, with shares of the compartments of the vocabulary. */
export function homologsOf(proteins: readonly Protein[]): LoadedHomologs {
  return {
    config: { ...homologDefaults, labels: compartments },
    proteins: annotated(proteins),
    sources: [...annotationSources, ...otherSources(proteins)],
    annotations: proteins.map(annotationOf),
  };
}

/** The sources that are no atlas's; their labels name what they resolve. */
function otherSources(proteins: readonly Protein[]): AnnotationSource[] {
  const names = new Set(proteins.map(({ source }) => source).filter((source) => !(source in keyOfSource)));
  return [...names].sort().map((name) => ({ key: name, title: name, unresolved: [] }));
}

function annotationOf(protein: Protein): ProteinAnnotation {
  const { id, uniprot, gene = "", isHuman, source, labels } = protein;
  const graded = isGraded(source);
  const nameOf = (compartment: string) =>
    (!namesWholes(protein)
      ? undefined
      : compartmentGroups.find(({ members }) => members[0] === compartment)?.name) ?? compartment;
  return {
    ...{
      accession: uniprot ?? id.replace(/^[A-Z]{2}_/, ""),
      gene,
      organism: isHuman ? "human" : "",
      source: keyOfSource[source] ?? source,
    },
    compartments: [...placeLabels(labels)]
      .sort(([, a], [, b]) => b - a)
      .map(([compartment, grade]) => ({ name: nameOf(compartment), grade: graded ? grade : null })),
  };
}

function annotated(proteins: readonly Protein[]): AnnotatedProteins {
  const encoder = new TextEncoder();
  const encoded = proteins.map(({ sequence }) => encoder.encode(sequence));
  const ends = new Int32Array(proteins.length);
  for (const [index, { length }] of encoded.entries()) ends[index] = (ends[index - 1] ?? 0) + length;
  const sequences = new Uint8Array(ends.at(-1) ?? 0);
  for (const [index, bytes] of encoded.entries()) sequences.set(bytes, ends[index]! - bytes.length);
  return { sequences, ends, shares: sharesOf(proteins) };
}

/** Shares of the compartments, [proteins, compartments]; each row sums to 1, or to 0 where nothing is known. */
function sharesOf(proteins: readonly Protein[]): Float32Array {
  const width = compartments.length;
  const targets = proteins.map(sequenceTargets);
  const labelled = targets.map(({ targets, known }) =>
    targets.map((target, label) => target * known[label]!),
  );
  const frequency = compartments.map((_, label) => labelled.reduce((sum, row) => sum + row[label]!, 0));
  const shares = new Float32Array(proteins.length * width);
  for (const [index, { groupTargets }] of targets.entries()) {
    const row = labelled[index]!;
    for (const [group, { members }] of compartmentGroups.entries()) {
      if (groupTargets[group] !== 1) continue;
      const indices = members.map((name) => compartments.indexOf(name));
      const total = indices.reduce((sum, label) => sum + frequency[label]!, 0);
      for (const label of indices) row[label]! += total > 0 ? frequency[label]! / total : 1 / members.length;
    }
    const sum = row.reduce((a, b) => a + b, 0);
    if (sum > 0)
      shares.set(
        row.map((share) => share / sum),
        index * width,
      );
  }
  return shares;
}
