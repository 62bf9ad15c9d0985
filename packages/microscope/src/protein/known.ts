// What is known of a protein before anything is predicted: the annotation of exactly this sequence, or that of the protein
// which it is a mutant, an isoform or a fragment of. A label belongs to the annotated sequence alone, so the second is said
// to be near and is not known.

import {
  type AnnotatedCompartment,
  containedShare,
  type Homolog,
  type LoadedHomologs,
  type ProteinAnnotation,
  residuesOf,
} from "@proteoscope/models";

/** What is known of an annotated protein. Plain JSON. */
export interface KnownProtein {
  /** Accession of UniProt, else of Ensembl. */
  readonly accession: string;
  readonly gene: string | null;
  /** "human"; null where it is not recorded. */
  readonly organism: string | null;
  /** What each source says; the first is the one that counts. */
  readonly annotations: readonly {
    /** Name of the source. */
    readonly source: string;
    /** The clearest first where the source grades; names may be wholes that the source does not resolve, such as "nucleus". */
    readonly compartments: readonly AnnotatedCompartment[];
  }[];
}

/** The annotated protein that a sequence is a mutant, an isoform or a fragment of. Plain JSON. */
export interface NearProtein {
  /** null where the model has no annotation of it. */
  readonly protein: KnownProtein | null;
  /** Fraction of k-mers of the one with fewer that the other has as well, at least `leastShare`. */
  readonly sharedKmers: number;
}

/** Fraction of shared k-mers from which a sequence counts as near: a mutant has more, an ortholog of 95 % identity fewer. */
const leastShare = 0.9;
/** Shorter stretches are shared by chance, or by domains. */
const fewestResidues = 20;

/** The annotation of exactly this sequence; undefined where the model has none. */
export function knownProtein(homologs: LoadedHomologs, sequence: string): KnownProtein | undefined {
  const { annotations, proteins } = homologs;
  const wanted = new TextEncoder().encode(sequence);
  const isSame = (_: ProteinAnnotation, protein: number) => {
    const length = proteins.ends[protein]! - (proteins.ends[protein - 1] ?? 0);
    return length === wanted.length && residuesOf(proteins, protein).every((code, i) => code === wanted[i]);
  };
  const rank = ({ source }: ProteinAnnotation) => homologs.sources.findIndex(({ key }) => key === source);
  const own = annotations.filter(isSame).sort((a, b) => rank(a) - rank(b));
  const labelled = own.filter(({ compartments }) => compartments.length > 0);
  const [first] = labelled;
  if (first === undefined) return undefined;
  const titles = new Map(homologs.sources.map(({ key, title }) => [key, title]));
  return {
    accession: first.accession,
    gene: first.gene || null,
    organism: first.organism || null,
    annotations: labelled.map(({ source, compartments }) => ({ source: titles.get(source)!, compartments })),
  };
}

/** The protein among the nearest homologs of a sequence that it is a mutant, an isoform or a fragment of. */
export function nearProtein(
  homologs: LoadedHomologs,
  sequence: string,
  candidates: readonly Homolog[],
): NearProtein | undefined {
  const residues = new TextEncoder().encode(sequence);
  for (const { protein } of candidates) {
    const other = residuesOf(homologs.proteins, protein);
    if (Math.min(residues.length, other.length) < fewestResidues) continue;
    const sharedKmers = containedShare(residues, other);
    const text = new TextDecoder().decode(other);
    if (sharedKmers >= leastShare && text !== sequence)
      return { protein: knownProtein(homologs, text) ?? null, sharedKmers };
  }
  return undefined;
}

/** An annotated protein with its sequence. */
export interface AnnotatedProtein {
  readonly accession: string;
  readonly gene: string | undefined;
  readonly organism: string | undefined;
  readonly sequence: string;
}

/**
 * The annotated protein of a gene symbol or an accession, in any letter case; undefined where the model has none. Where
 * several have the gene, the source that counts first decides, then the longest.
 */
export function findAnnotatedProtein(
  { annotations, proteins, sources }: LoadedHomologs,
  name: string,
  { organism }: { readonly organism?: string | undefined } = {},
): AnnotatedProtein | undefined {
  const wanted = name.toUpperCase();
  const lengthOf = (protein: number) => residuesOf(proteins, protein).length;
  const rank = (protein: number) => sources.findIndex(({ key }) => key === annotations[protein]!.source);
  const [best] = [...annotations.keys()]
    .filter((protein) => {
      const { accession, gene, organism: own } = annotations[protein]!;
      const isNamed = wanted !== "" && [accession, gene].some((one) => one.toUpperCase() === wanted);
      return isNamed && (organism === undefined || own === organism);
    })
    .sort((a, b) => rank(a) - rank(b) || lengthOf(b) - lengthOf(a));
  if (best === undefined) return undefined;
  const { accession, gene, organism: own } = annotations[best]!;
  const sequence = new TextDecoder().decode(residuesOf(proteins, best));
  return { accession, gene: gene || undefined, organism: own || undefined, sequence };
}

/** "nucleolus (OpenCell, grade 3); nucleus (UniProt by DeepLoc 2.0)": what each source says, grade by grade. */
export function describeKnown({ annotations }: KnownProtein): string {
  return annotations
    .map(({ source, compartments }) => {
      const grades = [...new Set(compartments.map(({ grade }) => grade))];
      return grades
        .map((grade) => {
          const names = compartments.filter((one) => one.grade === grade).map(({ name }) => name);
          return `${names.join(", ")} (${source}${grade === null ? "" : `, grade ${grade}`})`;
        })
        .join(", ");
    })
    .join("; ");
}
