// CELL-Diff by stages from weights on disk. The sequence is read once, with one group of the language model's layers in memory
// at a time; the network of a step then stays open. So the memory is that of the denoiser, not that of the file.

import { f32, float32, i64, type NdArray, type NdArrays, type Runtime } from "@proteoscope/engine";
import { openStaged, runStaged, type StagedOptions } from "../staged/staged-program.ts";
import type { CellDiffStepper } from "./generate.ts";
import { type CellDiffConfig, crossAttentions } from "./network.ts";
import { denoisingStages, type LatentSize, sequenceStages } from "./stages.ts";
import type { StoredCellDiff } from "./stored.ts";

/** How the network is opened. */
export interface StagedCellDiffOptions extends StagedOptions, LatentSize {
  /** Number of tokens of the sequences. */
  readonly tokens: number;
  /** Whether the language model stays open, for sequences that are read again and again. Default false. */
  readonly keepsReader?: boolean | undefined;
}

/** Opens CELL-Diff for latents of one size and sequences of one length. @throws as `openStaged` does */
export async function openStagedCellDiff(
  runtime: Runtime,
  { config, tensors }: Pick<StoredCellDiff, "config" | "tensors">,
  { tokens, height, width, keepsReader = false, ...options }: StagedCellDiffOptions,
): Promise<CellDiffStepper> {
  const keyValues = crossAttentions(config);
  const reading = {
    stages: sequenceStages(config),
    types: { input_ids: i64(1, tokens) },
    outputs: ["sequence", ...keyValues.map(({ name }) => name)],
    tensors,
  };
  const reader = keepsReader ? await openStaged(runtime, reading, options) : undefined;
  const open = () => openStaged(runtime, { ...stepOf(config, { tokens, height, width }), tensors }, options);
  let denoiser: Awaited<ReturnType<typeof open>> | undefined;
  let cached: NdArrays | undefined;
  return {
    async readSequence(ids) {
      const data = BigInt64Array.from(ids, BigInt);
      const inputs = { input_ids: { dtype: "int64", shape: [1, ids.length], data } } as const;
      cached = await (reader?.run(inputs) ?? runStaged(runtime, reading, inputs, options));
    },
    async step(sample, cell, timestep) {
      if (cached === undefined) throw new Error("cell-diff: read a sequence before the first step");
      denoiser ??= await open();
      const inputs = { sample, cell, timestep: float32([1], Float32Array.of(timestep)) };
      const { noise, sequenceLogits } = (await denoiser.run(inputs, cached)) as Record<string, NdArray>;
      return {
        noise: noise!.data as Float32Array,
        sequenceLogits: sequenceLogits!.data as Float32Array,
      };
    },
    async close() {
      await reader?.close();
      await denoiser?.close();
    },
  };
}

/** One step as a network in stages, without its weights. */
function stepOf(config: CellDiffConfig, { tokens, height, width }: LatentSize & { readonly tokens: number }) {
  const keyValueTypes = crossAttentions(config).map(({ name, channels }) => [name, f32(1, tokens, channels)]);
  return {
    stages: denoisingStages(config, { height, width }),
    types: {
      sample: f32(1, config.latentChannels, height, width),
      cell: f32(1, config.numStains * config.latentChannels, height, width),
      timestep: f32(1),
      sequence: f32(1, tokens, config.hiddenSize),
      ...(Object.fromEntries(keyValueTypes) as Record<string, ReturnType<typeof f32>>),
    },
    outputs: ["noise", "sequenceLogits"],
  };
}
