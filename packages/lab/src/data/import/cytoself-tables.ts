// The tables of fields, proteins and splits that the labels of cytoself's files give. What two rows say differently, and words
// for places that are unknown, become warnings.

import { writeCsv } from "@proteoscope/formats";
import { assignSplit, writeSplits } from "../split/assign-splits.ts";
import { type CytoselfLabel, type CytoselfPart, readCytoselfLabels } from "./cytoself-parts.ts";
import { labelsOfWords, writeLabels } from "./localisation-words.ts";

/** The small tables of a set, by file, and what is to be known of them. */
export interface CollectedTables {
  readonly files: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

const proteinColumns = [
  ...["protein", "source", "gene", "ensembl", "uniprot", "compartments", "raw_labels", "sequence"],
];

/** The id of a protein: its gene of Ensembl, or its name. */
export function proteinId({ ensembl, gene }: CytoselfLabel): string {
  return ensembl === "" ? gene : ensembl;
}

/** What is wrong with a row of labels. */
export function faultOfLabel(label: CytoselfLabel): { column: string; reason: string } | undefined {
  if (label.field === "") return { column: "FOV_id", reason: "is empty" };
  return proteinId(label) === "" ? { column: "name", reason: "is empty, and so is ensg" } : undefined;
}

/** Reads all labels. @throws FormatError as `readCytoselfLabels` does. */
export async function collectTables(
  parts: readonly CytoselfPart[],
  { source, seed }: { readonly source: string; readonly seed: number },
): Promise<CollectedTables> {
  const proteins = new Map<string, CytoselfLabel>();
  const fields = new Map<string, string>();
  const differing = new Set<string>();
  for (const part of parts)
    for (const label of await readCytoselfLabels(part)) {
      if (faultOfLabel(label) !== undefined) continue;
      const id = proteinId(label);
      const known = proteins.get(id);
      if (known === undefined) proteins.set(id, label);
      else if (known.gene !== label.gene || known.grades.join("|") !== label.grades.join("|"))
        differing.add(
          `protein ${id} has different names or localisations in different rows; the first row counts`,
        );
      const shown = fields.get(label.field) ?? id;
      if (shown !== id)
        differing.add(`field ${label.field} shows ${shown} and ${id}; splits go by the first`);
      fields.set(label.field, shown);
    }
  const unknown = new Map<string, number>();
  const rows = [...proteins].map(([id, { ensembl, gene, grades }]) => {
    const words = grades.flatMap((cell, at) => wordsOf(cell).map((word) => [word, at + 1] as const));
    const labels = labelsOfWords(words, (word) => unknown.set(word, (unknown.get(word) ?? 0) + 1));
    const raw = words.map(([word, grade]) => `${word}:${grade}`).join(";");
    return { protein: id, source, gene, ensembl, compartments: writeLabels(labels), raw_labels: raw };
  });
  const split = assignSplit(
    {
      proteins: rows.map(({ protein }) => ({ id: protein })),
      fields: [...fields].map(([field, protein]) => ({ field, protein })),
    },
    { preset: "all_proteins", seed },
  );
  const fieldRows = [...fields].map(([field, protein]) => ({ field, protein, source }));
  return {
    files: new Map([
      ["fields.csv", writeCsv(fieldRows, ["field", "protein", "source", "licence", "cell_line"])],
      ["proteins.csv", writeCsv(rows, proteinColumns)],
      ["splits.csv", writeSplits(new Map([["all_proteins", split]]))],
    ]),
    warnings: [
      ...differing,
      ...[...unknown].map(([word, count]) => `"${word}" is no known place; ${count} proteins go without it`),
    ],
  };
}

function wordsOf(cell: string): string[] {
  return cell.split(/[;,]/).flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));
}
