// Embeddings of proteins by a protein language model (ESM2, ESMC): one row per residue, or their mean. A bounded number of proteins is read
// ahead and cut into windows, which go through the network in batches of similar length.
//
//     for await (const group of embedProteins(language, inputs, { pooling: "mean" })) await file.append(group);

import { compile, i64, type NdArray, type Runtime } from "@proteoscope/engine";
import {
  CheckpointError,
  type LanguageModel,
  representTokens,
  runStreamedLanguageModel,
  type StreamedLanguageModel,
  tokenizeBatch,
} from "@proteoscope/models";
import type { WorkOptions } from "../progress.ts";
import type { ScreenInput, ScreenRecord } from "../screen/records.ts";
import { defaultWindowResidues, type ResidueWindow, windowsOf } from "./residue-windows.ts";

/** What a row stands for. */
export type Pooling = "residues" | "mean";

/** A language model that reads batches of tokens. */
export interface ResidueEmbedder {
  readonly hiddenSize: number;
  /** Number of residues that are read ahead: streamed layers are read from disk once for all of them. */
  readonly residuesAhead: number;
  /** Last representations [B, L, hidden] of batches of tokens. */
  run(batches: readonly TokenArrays[], signal: AbortSignal | undefined): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** Tokens and mask of a batch, int64 [B, L]. */
export interface TokenArrays {
  readonly inputIds: NdArray;
  readonly attentionMask: NdArray;
}

/** Options of `embedProteins`. */
export interface EmbedOptions extends Pick<Partial<WorkOptions>, "signal"> {
  readonly pooling: Pooling;
  /** Longest part of a protein that the network reads at once. Default 1022 residues. */
  readonly windowResidues?: number;
}

/** A protein's rows, or why it has none. */
export type EmbeddedInput = ScreenInput & {
  /** [residues or 1, hidden]; undefined for a refused record. */
  readonly rows: Float32Array | undefined;
  /** Number of windows that were read. */
  readonly windows: number;
};

/** Proteins and tokens that are read ahead and computed together, at most. */
const proteinsAhead = 256;
const tokensPerBatch = 4096;

/** Compiles a language model whose weights are in memory. */
export async function openResidueEmbedder(
  runtime: Runtime,
  { config, weights }: Pick<LanguageModel, "config" | "weights">,
): Promise<ResidueEmbedder> {
  const ids = i64("batch", "tokens");
  const program = await compile(
    runtime,
    (w, { inputIds, attentionMask }) => ({
      rows: representTokens(w, config, { inputIds, attentionMask }),
    }),
    { inputIds: ids, attentionMask: ids },
    { weights },
  );
  return {
    hiddenSize: config.hiddenSize,
    residuesAhead: 40_000,
    async run(batches, signal) {
      const outputs: Float32Array[] = [];
      for (const { inputIds, attentionMask } of batches) {
        const { rows } = await program.run({ inputIds, attentionMask }, signal && { signal });
        outputs.push(rows.data as Float32Array);
      }
      return outputs;
    },
    close: () => program.close(),
  };
}

/** A language model whose layers are read from disk one after the other. */
export function openStreamedResidueEmbedder(runtime: Runtime, model: StreamedLanguageModel): ResidueEmbedder {
  return {
    hiddenSize: model.config.hiddenSize,
    residuesAhead: 100_000,
    async run(batches, signal) {
      const inputs = batches.map(
        ({ inputIds, attentionMask }) =>
          new Map([
            ["input_ids", inputIds],
            ["attention_mask", attentionMask],
          ]),
      );
      const outputs = await runStreamedLanguageModel(
        runtime,
        withoutHead(model),
        inputs,
        signal && { signal },
      );
      return outputs.map((output) => output.get("last_hidden_state")!.data as Float32Array);
    },
    close: async () => {},
  };
}

const withoutHead = (model: StreamedLanguageModel): StreamedLanguageModel => ({
  ...model,
  hasLanguageModelHead: false,
});

/**
 * Embeds proteins, in groups of neighbours that are computed together. Which proteins form a group depends on the input
 * alone, so that a run that goes on behind a group gives the same numbers.
 * @throws CheckpointError where the weights give no numbers, the signal's reason when it is aborted.
 */
export async function* embedProteins(
  language: ResidueEmbedder,
  inputs: AsyncIterable<ScreenInput> | Iterable<ScreenInput>,
  { pooling, windowResidues = defaultWindowResidues, signal }: EmbedOptions,
): AsyncGenerator<EmbeddedInput[], void, undefined> {
  for await (const group of groupsOf(inputs, language.residuesAhead)) {
    signal?.throwIfAborted();
    yield await embedGroup(language, group, { pooling, windowResidues, signal });
  }
}

/** Neighbours whose embeddings are held together. */
async function* groupsOf(
  inputs: AsyncIterable<ScreenInput> | Iterable<ScreenInput>,
  mostResidues: number,
): AsyncGenerator<ScreenInput[], void, undefined> {
  let group: ScreenInput[] = [];
  let residues = 0;
  for await (const input of inputs) {
    group.push(input);
    residues += input.record?.sequence.length ?? 0;
    if (group.length < proteinsAhead && residues < mostResidues) continue;
    yield group;
    group = [];
    residues = 0;
  }
  if (group.length > 0) yield group;
}

interface GroupSettings {
  readonly pooling: Pooling;
  readonly windowResidues: number;
  readonly signal: AbortSignal | undefined;
}

interface Piece {
  readonly record: ScreenRecord;
  readonly window: ResidueWindow;
}

async function embedGroup(
  language: ResidueEmbedder,
  group: readonly ScreenInput[],
  { pooling, windowResidues, signal }: GroupSettings,
): Promise<EmbeddedInput[]> {
  const { hiddenSize } = language;
  const pieces = group.flatMap(({ record }) =>
    record === undefined
      ? []
      : windowsOf(record.sequence.length, { windowResidues }).map((window) => ({ record, window })),
  );
  const batches = batchesOf(pieces);
  const tokens = batches.map((batch) =>
    tokenizeBatch(batch.map(({ record, window }) => record.sequence.slice(window.begin, window.end))),
  );
  const outputs = await language.run(tokens, signal);
  const rowsOf = new Map<ScreenRecord, Float32Array>();
  for (const [index, batch] of batches.entries()) {
    const length = tokens[index]!.inputIds.shape[1]!;
    for (const [place, { record, window }] of batch.entries()) {
      const rows = rowsOf.get(record) ?? new Float32Array(record.sequence.length * hiddenSize);
      rowsOf.set(record, rows);
      const first = place * length + 1 - window.begin; // behind <cls>
      const taken = outputs[index]!.subarray(
        (first + window.takenBegin) * hiddenSize,
        (first + window.takenEnd) * hiddenSize,
      );
      if (!taken.every(Number.isFinite))
        throw new CheckpointError("the language model gives values that are no numbers; fetch it again");
      rows.set(taken, window.takenBegin * hiddenSize);
    }
  }
  return group.map((input) => {
    const rows = input.record && rowsOf.get(input.record)!;
    const windows = pieces.filter(({ record }) => record === input.record).length;
    return { ...input, rows: rows && pooling === "mean" ? meanOfRows(rows, hiddenSize) : rows, windows };
  });
}

/** Pieces of similar length together, the longest first, as many as the tokens of a batch allow. */
function batchesOf(pieces: readonly Piece[]): Piece[][] {
  const lengthOf = ({ window }: Piece) => window.end - window.begin;
  const batches: Piece[][] = [];
  let batch: Piece[] = [];
  for (const piece of [...pieces].sort((a, b) => lengthOf(b) - lengthOf(a))) {
    const longest = batch[0] === undefined ? 0 : lengthOf(batch[0]) + 2;
    if (batch.length > 0 && (batch.length + 1) * longest > tokensPerBatch) {
      batches.push(batch);
      batch = [];
    }
    batch.push(piece);
  }
  return batch.length === 0 ? batches : [...batches, batch];
}

/** The mean of rows [n, width], summed in double precision. */
function meanOfRows(rows: Float32Array, width: number): Float32Array {
  const sums = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) sums[i % width]! += rows[i]!;
  return Float32Array.from(sums, (sum) => (sum * width) / rows.length);
}
