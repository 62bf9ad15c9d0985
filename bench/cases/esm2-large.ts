// The large language models layer by layer: time and, above all, memory of a few proteins through random checkpoints of
// the published sizes in float16, which are written here first, a shard a layer, as such models are published.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { i64, type ParameterDeclaration, trace } from "@proteoscope/engine";
import { elementCount, float32ToFloat16, type NdArray, writeSafetensors } from "@proteoscope/formats";
import {
  type Esm2Config,
  esm2,
  esm2Format,
  esm2Presets,
  formatConfig,
  openStreamedLanguageModel,
  runStreamedLanguageModel,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import type { BenchCase } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { randomWeights } from "../random-weights.ts";
import { tokensOf } from "./esm2.ts";

const residues = 512;

export const esm2LargeCases: readonly BenchCase[] = [
  largeCase("650M", { config: esm2Presets.t33_650M, proteins: 8 }),
  largeCase("3B", { config: esm2Presets.t36_3B, proteins: 8 }),
];

interface LargeOptions {
  readonly config: Esm2Config;
  readonly proteins: number;
}

/** Some proteins, each a batch of its own, through a checkpoint on disk. */
export function largeCase(size: string, { config, proteins }: LargeOptions): BenchCase {
  return {
    name: `esm2.${size}.streamed`,
    title: `ESM2 ${size} in float16 layer by layer, ${proteins} proteins of ${residues} residues`,
    items: proteins,
    once: true,
    async prepare(runtime) {
      const traced = trace(
        (w, { inputIds }) => ({ y: esm2(w, config, { inputIds }).representations.at(-1)! }),
        {
          inputIds: i64("proteins", "tokens"),
        },
      );
      const folder = await mkdtemp(join(tmpdir(), "proteoscope-esm2-"));
      const remove = () => rm(folder, { recursive: true, force: true });
      await writeCheckpoint(folder, config, traced.parameters).catch(async (error: unknown) => {
        await remove();
        throw error;
      });
      const batches = Array.from({ length: proteins }, () => new Map([["input_ids", tokensOf(1, residues)]]));
      return {
        gflop: gflopOf(traced, { proteins, tokens: residues + 2 }),
        run: async () =>
          void (await runStreamedLanguageModel(
            runtime,
            await openStreamedLanguageModel(openFolder(folder)),
            batches,
          )),
        close: remove,
      };
    },
  };
}

type Declared = ReadonlyMap<string, ParameterDeclaration>;

/** config.json, an index, and a shard of what belongs to each layer. */
async function writeCheckpoint(folder: string, config: Esm2Config, declared: Declared): Promise<void> {
  const shards = new Map<string, Map<string, ParameterDeclaration>>();
  for (const [name, declaration] of declared) {
    const shard = `${/layer\.\d+/.exec(name)?.[0] ?? "ends"}.safetensors`;
    shards.set(shard, (shards.get(shard) ?? new Map()).set(name, declaration));
  }
  const weightMap: Record<string, string> = {};
  for (const [shard, parameters] of shards) {
    const halves = [...randomWeights(parameters)].map(([name, { shape, data }]): [string, NdArray] => {
      weightMap[name] = shard;
      return [name, { dtype: "float16", shape, data: float32ToFloat16(data as Float32Array) }];
    });
    await writeFile(join(folder, shard), writeSafetensors(halves));
  }
  const bytes = [...declared.values()].reduce((sum, { shape }) => sum + 2 * elementCount(shape), 0);
  const index = { metadata: { total_size: bytes }, weight_map: weightMap };
  await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
  await writeFile(join(folder, "config.json"), JSON.stringify(formatConfig(esm2Format, config)));
}
