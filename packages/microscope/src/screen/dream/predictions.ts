// prediction_results.tsv of the CM4AI DREAM challenge: a row per record, with the columns of the baseline. Those about its
// search for a homologous protein are empty.

import { isDone, type ResultRow } from "../result-table.ts";

const columns = [
  ...["prediction_id", "status", "output_file", "predicted_uniprot_accession", "predicted_ensembl_gene_id"],
  ...["predicted_hgnc_symbol", "percent_identity", "e_value", "alignment_length", "gene_candidate_count"],
  ...[
    "mapping_ambiguous",
    "search_database",
    "predictor_pipeline_version",
    "predictor_error",
    "cell_line",
    "seed",
  ],
  ...["num_inference_steps", "run_id"],
];

/** What all rows share. */
export interface PredictionRun {
  readonly version: string;
  readonly seed: number;
  readonly steps: number;
}

/** Name of the image of a record. */
export function predictionFile(id: string): string {
  return `${id}.tiff`;
}

/** The line of column names. */
export const predictionHeader = `${columns.join("\t")}\n`;

/** The line of a row of a screen. */
export function predictionLine(row: ResultRow, { version, seed, steps }: PredictionRun): string {
  const fields: Record<string, string> = {
    ...{ prediction_id: row.id!, predictor_pipeline_version: `proteoscope ${version}` },
    ...(isDone(row)
      ? { status: "predicted", output_file: predictionFile(row.id!) }
      : {
          status: "predictor_error",
          predictor_error: row.status!.replace(/^refused: /, "").replaceAll("\t", " "),
        }),
    ...{ seed: String(seed), num_inference_steps: String(steps) },
  };
  return `${columns.map((column) => fields[column] ?? "").join("\t")}\n`;
}
