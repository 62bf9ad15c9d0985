// A model as it was when it was trained: its annotated proteins are those that it learned from. A shipped model brings the
// annotations of every protein, and what an evaluation or a calibration holds out must not be looked up.

import type { SequenceModel } from "@proteoscope/microscope";
import { keepHomologs } from "@proteoscope/models";
import type { SequenceSplit } from "../data/atlas/splits.ts";
import type { Protein } from "../data/atlas/tables.ts";

/** The model without annotated proteins whose sequence is not in the split `train`. */
export function strikeHeldOut<Model extends SequenceModel>(
  model: Model,
  splits: ReadonlyMap<SequenceSplit, readonly Protein[]>,
): Model {
  const seen = new Set((splits.get("train") ?? []).map(({ sequence }) => sequence));
  const homologs = model.homologs && keepHomologs(model.homologs, (sequence) => seen.has(sequence));
  return { ...model, homologs };
}
