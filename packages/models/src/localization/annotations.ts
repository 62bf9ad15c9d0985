// What is known of the annotated proteins of a model: names, and the compartments that a data source gives, in the words
// of that source. annotations.tsv has a header and one row per protein of the tables of sequences, in their order. Its cells
// have neither tabs nor quotes, so that it is split and not parsed: every start of a model waits for it.

import { decodeText, FormatError } from "@proteoscope/formats";

/** A compartment that a source gives. */
export interface AnnotatedCompartment {
  /** A label of the localization head, or a whole of the source. */
  readonly name: string;
  /** The source's grade, larger for a clearer compartment; null where the source has none. */
  readonly grade: number | null;
}

/** A compartment that a source does not resolve: one of the members is right, and it does not say which. */
export interface UnresolvedCompartment {
  readonly name: string;
  /** Labels of the localization head. */
  readonly members: readonly string[];
}

/** A data source of annotations. */
export interface AnnotationSource {
  /** Short name in annotations.tsv. */
  readonly key: string;
  /** Name for people. */
  readonly title: string;
  readonly unresolved: readonly UnresolvedCompartment[];
}

/** One source's annotation of one protein. */
export interface ProteinAnnotation {
  /** Accession of UniProt, else of Ensembl. */
  readonly accession: string;
  /** Gene symbol; empty where it is not known. */
  readonly gene: string;
  /** "human"; empty where it is not known. */
  readonly organism: string;
  /** Key of the source. */
  readonly source: string;
  readonly compartments: readonly AnnotatedCompartment[];
}

const columns = ["accession", "gene", "organism", "source", "compartments"] as const;

/** Reads annotations.tsv. @throws FormatError naming the line. */
export function parseAnnotations(bytes: Uint8Array): ProteinAnnotation[] {
  const [header, ...lines] = decodeText(bytes, { format: "tsv", name: "annotations.tsv" })
    .replace(/\n$/, "")
    .split("\n");
  const bad = (what: string, line: number) => new FormatError("tsv", what, { line });
  if (header !== columns.join("\t")) throw bad(`the header is not ${columns.join(", ")}`, 1);
  return lines.map((text, index) => {
    const [accession = "", gene = "", organism = "", source = "", compartments, ...others] = text.split("\t");
    if (compartments === undefined || others.length > 0) throw bad("a row has not five cells", index + 2);
    const parse = (part: string): AnnotatedCompartment => {
      const [name = "", grade] = part.split(":");
      if (grade !== undefined && !(Number(grade) > 0)) throw bad(`"${grade}" is no grade`, index + 2);
      return { name, grade: grade === undefined ? null : Number(grade) };
    };
    const parts = compartments === "" ? [] : compartments.split(";");
    return { accession, gene, organism, source, compartments: parts.map(parse) };
  });
}

/** The text of annotations.tsv. */
export function formatAnnotations(annotations: readonly ProteinAnnotation[]): string {
  const rows = annotations.map(({ accession, gene, organism, source, compartments }) => {
    const parts = compartments.map(({ name, grade }) => (grade === null ? name : `${name}:${grade}`));
    return [accession, gene, organism, source, parts.join(";")].join("\t");
  });
  return `${[columns.join("\t"), ...rows].join("\n")}\n`;
}
