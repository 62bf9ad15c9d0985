// The language models of the published sizes: 512 residues, which are 514 tokens, to the last representation. Weights
// are random; the peer reads the same number of tokens.
import {
  compile,
  i64,
  type NdArray,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  clsTokenId,
  type Esm2Config,
  eosTokenId,
  esm2,
  esm2Presets,
  standardResidueIds,
} from "@proteoscope/models";
import type { BenchCase } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { randomWeights } from "../random-weights.ts";

const residues = 512;

export const esm2Cases: readonly BenchCase[] = (["8M", "35M", "150M"] as const).map((size) => {
  const config = esm2Presets[({ "8M": "t6_8M", "35M": "t12_35M", "150M": "t30_150M" } as const)[size]];
  const { numHiddenLayers, hiddenSize, numAttentionHeads } = config;
  return esm2Case(`esm2.${size}`, {
    ...{ config, residues, title: `ESM2 ${size} on one protein of ${residues} residues` },
    peer: { script: "esm2", work: [numHiddenLayers, hiddenSize, numAttentionHeads, residues + 2] },
  });
});

interface Esm2Options extends Pick<BenchCase, "title" | "peer"> {
  readonly config: Esm2Config;
  readonly proteins?: number;
  readonly residues?: number;
}

/** Some proteins of one length as one batch. */
export function esm2Case(name: string, options: Esm2Options): BenchCase {
  const { config, proteins = 1, residues = 512, ...words } = options;
  return {
    name,
    ...words,
    items: proteins,
    async prepare(runtime) {
      const { program, traced } = await openEsm2(runtime, config);
      const inputIds = tokensOf(proteins, residues);
      return {
        gflop: gflopOf(traced, { proteins, tokens: residues + 2 }),
        run: async () => void (await program.run({ inputIds })),
      };
    },
  };
}

/** The language model for any number of proteins of any length, with random weights; the runtime closes it. */
export async function openEsm2(runtime: Runtime, config: Esm2Config) {
  const model = (w: Weights, { inputIds }: Record<"inputIds", Tensor>) => ({
    representation: esm2(w, config, { inputIds }).representations.at(-1)!,
  });
  const types = { inputIds: i64("proteins", "tokens") };
  const traced = trace(model, types);
  const program = await compile(runtime, model, types, { weights: randomWeights(traced.parameters) });
  return { program, traced };
}

/** Every standard residue in turn, between <cls> and <eos>: [proteins, residues + 2]. */
export function tokensOf(proteins: number, residues: number): NdArray {
  const { begin, end } = standardResidueIds;
  const one = Array.from({ length: residues }, (_, i) => begin + (i % (end - begin)));
  const ids = Array.from({ length: proteins }, () => [clsTokenId, ...one, eosTokenId]).flat();
  return { dtype: "int64", shape: [proteins, residues + 2], data: BigInt64Array.from(ids, BigInt) };
}
