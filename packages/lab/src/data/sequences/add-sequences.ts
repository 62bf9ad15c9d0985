// `data sequences`: fills the column sequence of a data set's table of proteins, and lists every gene that stays without one,
// because a protein that is dropped in silence is missed by nobody.

import { join } from "node:path";
import { FormatError, writeCsv } from "@proteoscope/formats";
import { writeWhole } from "@proteoscope/formats/node";
import type { WorkOptions } from "@proteoscope/microscope";
import { proteinColumns } from "../dataset/columns.ts";
import { readDescription, updateDescription } from "../dataset/description.ts";
import { eachTableRow } from "../dataset/table-rows.ts";
import type { SequenceSource } from "./databases.ts";

/** The genes without a sequence, in the folder of the set. */
export const missingFile = "genes-without-sequence.csv";

/** What was found. */
export interface SequenceReport {
  readonly proteins: number;
  /** Proteins that had a sequence before. */
  readonly known: number;
  readonly found: number;
  readonly missing: readonly { readonly protein: string; readonly gene: string }[];
}

const added = ["uniprot", "sequence", "sequence_from"];

/**
 * Asks the sources in turn for every protein without a sequence, or for all of them with `isAll`. The table is replaced whole when
 * all are asked. @throws FormatError for a set without proteins, what the sources throw, the signal's reason.
 */
export async function addSequences(
  folder: string,
  sources: readonly SequenceSource[],
  { isAll = false, signal, onProgress }: { readonly isAll?: boolean } & WorkOptions,
): Promise<SequenceReport> {
  const { tables } = await readDescription(folder);
  if (tables.proteins === undefined)
    throw new FormatError("data set", `${folder} has no table of proteins`, {
      hint: "import one with proteins",
    });
  const { file } = tables.proteins;
  const rows: Record<string, string>[] = [];
  const columns = await eachTableRow(folder, { file, columns: proteinColumns }, (_, __, cells) =>
    rows.push({ ...cells }),
  );
  const missing: { protein: string; gene: string }[] = [];
  let [known, found] = [0, 0];
  for (const [at, row] of rows.entries()) {
    signal.throwIfAborted();
    const { protein = "", gene = "", ensembl = "", uniprot = "" } = row;
    if (row.sequence && !isAll) known++;
    else {
      const answer = await firstAnswer(sources, { gene, ensembl, uniprot });
      if (answer === undefined) missing.push({ protein, gene });
      else {
        found++;
        Object.assign(row, {
          sequence: answer.sequence,
          sequence_from: answer.from,
          uniprot: uniprot || (answer.uniprot ?? ""),
        });
      }
    }
    onProgress?.({ phase: "sequences", done: at + 1, total: rows.length, unit: "proteins", note: gene });
  }
  const table = file.endsWith(".parquet") ? "proteins.csv" : file;
  await writeWhole(join(folder, table), writeCsv(rows, [...new Set([...columns, ...added])]));
  await writeWhole(join(folder, missingFile), writeCsv(missing, ["protein", "gene"]));
  if (table !== file)
    await updateDescription(folder, (before) => ({
      ...before,
      tables: { ...before.tables, proteins: { ...before.tables.proteins!, file: table } },
    }));
  return { proteins: rows.length, known, found, missing };
}

async function firstAnswer(sources: readonly SequenceSource[], protein: Parameters<SequenceSource>[0]) {
  for (const source of sources) {
    const answer = await source(protein);
    if (answer !== undefined && /^[A-Z]+$/.test(answer.sequence)) return answer;
  }
  return undefined;
}
