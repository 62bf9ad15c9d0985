// How time and memory grow with the length of the sequence and with the number of images, for `--scaling`: the guided
// step of the denoiser and a language model, a process for each size, and one in which a single session serves all.
import { type Esm2Config, esm2Presets, type UnetConfig, unetDefaults } from "@proteoscope/models";
import type { BenchCase, BenchResult, Prepared } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { formatColumns, formatNumber } from "../report.ts";
import { esm2Case, openEsm2, tokensOf } from "./esm2.ts";
import { esm2LargeCases } from "./esm2-large.ts";
import { openGuidedDenoiser } from "./guided-denoiser.ts";
import { unetStepCase } from "./unet-step.ts";

const lengths = [64, 128, 256, 512, 1024];
const batches = [1, 2, 4, 8, 16];

const languageModel = esm2Presets.t12_35M;

export const scalingCases: readonly BenchCase[] = [
  ...lengths.map((residues) =>
    unetStepCase(`scaling.unet.residues.${residues}`, {
      title: `a guided step, ${residues} residues`,
      residues,
    }),
  ),
  mixedLengths("scaling.unet.residues.mixed", { config: unetDefaults, lengths }),
  ...batches.map((samples) =>
    unetStepCase(`scaling.unet.batch.${samples}`, { title: `a guided step of ${samples} images`, samples }),
  ),
  ...lengths.map((residues) =>
    esm2Case(`scaling.esm2.residues.${residues}`, {
      ...{ config: languageModel, title: `ESM2 35M, ${residues} residues`, residues },
    }),
  ),
  ...batches.map((proteins) =>
    esm2Case(`scaling.esm2.batch.${proteins}`, {
      ...{ config: languageModel, title: `ESM2 35M, ${proteins} proteins of 512 residues`, proteins },
    }),
  ),
  manyProteins("scaling.esm2.650M.proteins", {
    ...{ config: esm2Presets.t33_650M, count: 100 },
    title: "ESM2 650M on 100 proteins of 64 to 512 residues, one after the other",
  }),
  ...esm2LargeCases,
];

interface MixedOptions {
  readonly config: UnetConfig;
  readonly lengths: readonly number[];
}

/** Sequences of all lengths by one session: it takes no more memory than the longest alone, unless there are buckets. */
export function mixedLengths(name: string, { config, lengths }: MixedOptions): BenchCase {
  return {
    name,
    title: `guided steps of ${lengths.join(", ")} residues by one session`,
    items: lengths.length,
    async prepare(runtime) {
      const { prepareStep } = await openGuidedDenoiser(runtime, config);
      const steps: Prepared[] = [];
      for (const residues of lengths) steps.push(await prepareStep({ samples: 1, residues }));
      return {
        gflop: steps.reduce((sum, { gflop }) => sum + (gflop ?? 0), 0),
        async run() {
          for (const step of steps) await step.run();
        },
      };
    },
  };
}

interface ProteinsOptions {
  readonly config: Esm2Config;
  readonly title: string;
  readonly count: number;
}

/** Proteins of 64 to 512 residues, one after the other: how much memory a large language model takes. */
export function manyProteins(name: string, { config, title, count }: ProteinsOptions): BenchCase {
  const lengthOf = (index: number) => 64 + ((index * 179) % 449);
  const residues = Array.from({ length: count }, (_, index) => lengthOf(index));
  return {
    ...{ name, title, items: count, once: true },
    async prepare(runtime) {
      const { program, traced } = await openEsm2(runtime, config);
      const gflops = residues.map((length) => gflopOf(traced, { proteins: 1, tokens: length + 2 }));
      return {
        gflop: gflops.reduce((sum, gflop) => sum + gflop),
        async run() {
          for (const length of residues) await program.run({ inputIds: tokensOf(1, length) });
        },
      };
    },
  };
}

/** Time per run and per image or protein, and memory: one table per family, one row per size. */
export function formatScaling(results: readonly BenchResult[]): string {
  const itemsOf = new Map(scalingCases.map(({ name, items = 1 }) => [name, items]));
  const families = new Map<string, BenchResult[]>();
  for (const result of results.filter(({ name }) => itemsOf.has(name))) {
    const family = result.name.slice(0, result.name.lastIndexOf("."));
    families.set(family, [...(families.get(family) ?? []), result]);
  }
  const tables = [...families].map(([family, members]) =>
    formatColumns(
      [family, "ms", "ms each", "peak MB"],
      members.map(({ name, ms, peakMb }) => [
        name.slice(family.length + 1),
        formatNumber(ms),
        formatNumber(ms / itemsOf.get(name)!),
        peakMb === null ? "" : peakMb.toFixed(0),
      ]),
    ),
  );
  return tables.join("\n");
}
