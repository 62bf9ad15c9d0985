// Compartments of many sequences at once, from the sequences alone: the networks that encode a protein, without homologs. A
// mutant of an annotated protein is not that protein, and its annotation would hide what the change does.

import { compile, f32, float32, type InputTypes, i64, type Runtime, type Tensor } from "@proteoscope/engine";
import {
  CheckpointError,
  computeSequenceFeatures,
  labelProbabilities,
  sequenceFeatureCount,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";
import type { SequenceModel } from "../model/model.ts";
import type { WorkOptions } from "../progress.ts";
import { applyProteinNetworks, proteinWeights } from "../protein/networks.ts";
import { byName, type CompartmentProbabilities } from "../protein/probabilities.ts";
import { computePart, type FindPart, type Part } from "./parts.ts";

/** Compiled networks that predict compartments from sequences alone. */
export interface SequencePredictor {
  readonly model: SequenceModel;
  /** Logits of the compartments for each sequence, [labels], in the order of the model's labels. @throws SequenceError. */
  predict(sequences: readonly string[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** Sequences that are computed together; more take more memory and, on a processor, no less time each. */
const batchSize = 8;

/** Number of sequences in a part. */
const partSize = 64;

/** The model without its annotated proteins: it predicts from the sequence alone. */
export function withoutHomologs<Model extends SequenceModel>(model: Model): Model {
  return { ...model, homologs: undefined };
}

/** Compiles the networks for batches of sequences of equal length. */
export async function openSequencePredictor(
  runtime: Runtime,
  model: SequenceModel,
): Promise<SequencePredictor> {
  const networks = { ...model, windowResidues: model.constants.windowResidues };
  const inputTypes: InputTypes = {
    inputIds: i64("batch", "tokens"),
    ...(model.sequenceFeatures && { sequenceFeatures: f32("batch", sequenceFeatureCount) }),
  };
  const program = await compile(
    runtime,
    (w, inputs): Record<"logits", Tensor> => ({
      logits: applyProteinNetworks(w, networks, inputs).compartmentLogits!,
    }),
    inputTypes,
    { weights: proteinWeights(networks) },
  );
  const predictBatch = async (sequences: readonly string[]): Promise<Float32Array[]> => {
    const windows = sequences.map((sequence) => windowSequence(sequence, networks.windowResidues).sequence);
    const features = model.sequenceFeatures && concatenate(sequences.map(computeSequenceFeatures));
    const { logits } = await program.run({
      inputIds: tokenizeBatch(windows).inputIds,
      ...(features && { sequenceFeatures: float32([sequences.length, sequenceFeatureCount], features) }),
    });
    const values = logits.data as Float32Array;
    if (!values.every(Number.isFinite))
      throw new CheckpointError(
        `${model.name}: its networks give values that are no numbers; fetch the model again`,
      );
    const labels = values.length / sequences.length;
    return sequences.map((_, index) => values.slice(index * labels, (index + 1) * labels));
  };
  return {
    model,
    async predict(sequences) {
      const results = new Array<Float32Array>(sequences.length);
      for (const batch of batchesOfEqualLength(sequences, networks.windowResidues)) {
        const logits = await predictBatch(batch.map((index) => sequences[index]!));
        for (const [at, index] of batch.entries()) results[index] = logits[at]!;
      }
      return results;
    },
    close: () => program.close(),
  };
}

/** Predicts any number of sequences in parts that can be stored; returns the logits of each, [labels]. */
export async function* predictInParts(
  predictor: SequencePredictor,
  sequences: readonly string[],
  find: FindPart,
  { signal, onProgress }: Partial<WorkOptions> = {},
): AsyncGenerator<{ readonly part: Part }, Float32Array[], undefined> {
  const labels = predictor.model.localization.config.labels.length;
  const all: Float32Array[] = [];
  for (let first = 0; first < sequences.length; first += partSize) {
    signal?.throwIfAborted();
    const chunk = sequences.slice(first, first + partSize);
    const { data } = yield* computePart(`sequences-${String(first).padStart(6, "0")}`, find, async () =>
      float32([chunk.length, labels], concatenate(await predictor.predict(chunk))),
    );
    for (const index of chunk.keys())
      all.push((data as Float32Array).slice(index * labels, (index + 1) * labels));
    onProgress?.({ phase: "sequences", done: all.length, total: sequences.length, unit: "sequences" });
  }
  return all;
}

/** Indices in batches of sequences whose windows have one length, so that none needs padding. */
function batchesOfEqualLength(sequences: readonly string[], windowResidues: number): number[][] {
  const byLength = new Map<number, number[]>();
  for (const [index, { length }] of sequences.entries()) {
    const shown = Math.min(length, windowResidues);
    byLength.set(shown, [...(byLength.get(shown) ?? []), index]);
  }
  return [...byLength.values()].flatMap((indices) =>
    Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, batch) =>
      indices.slice(batch * batchSize, (batch + 1) * batchSize),
    ),
  );
}

function concatenate(rows: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const width = rows[0]?.length ?? 0;
  const whole = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) whole.set(row, index * width);
  return whole;
}

/** Multi-label probabilities of logits, by compartment. */
export function calibratedProbabilities(
  { localization, calibration }: SequenceModel,
  logits: Float32Array,
): CompartmentProbabilities {
  return byName(localization.config.labels, labelProbabilities(logits, calibration));
}
