// How well the localizer does on proteins that it does not learn from.
// One protein is computed at a time, so that no padding is.

import { compile, type NdArray, type Runtime, sigmoid, type Tensor, type Weights } from "@proteoscope/engine";
import type { Protein } from "../../data/atlas/tables.ts";
import { edgeTokens } from "../../data/batches/sequence-batches.ts";
import { localizationScores } from "../../training/localization-scores.ts";
import type { Scores } from "../../training/scores.ts";
import type { ReportItem } from "../../training/validation-sets.ts";
import type { LocalizerBackbone } from "./backbone.ts";
import { type LocalizerTrainingConfig, windowOf } from "./config.ts";

interface ValidationProteins {
  readonly backbone: LocalizerBackbone;
  readonly proteins: readonly Protein[];
  readonly config: LocalizerTrainingConfig;
}

/** The scores of the probabilities of all compartments. */
export async function validateLocalizer(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  logitsOf: (w: Weights, inputs: Readonly<Record<string, Tensor>>) => Tensor,
  { backbone, proteins, config }: ValidationProteins,
  report?: ReportItem,
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, inputs) => ({ probabilities: sigmoid(logitsOf(w, inputs)) }),
    backbone.inputTypes(1),
    { weights },
  );
  try {
    const rows: Float32Array[] = [];
    for (const protein of proteins) {
      const length = Math.min(protein.sequence.length, windowOf(config)) + edgeTokens;
      const { probabilities } = await program.run(await backbone.inputs([protein], length));
      rows.push(probabilities.data as Float32Array);
    }
    return localizationScores(rows, proteins, report);
  } finally {
    await program.close();
  }
}
