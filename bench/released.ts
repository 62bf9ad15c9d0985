// Released networks at their real sizes: writes a checkpoint of random numbers under the names and in the kind of file that
// was released, then loads it and runs it, in a process of its own, so that its peak memory is its own.
//
//     npx tsx bench/released.ts write subcell <folder>       # once; cell-diff takes 7 GB of disk
//     npx tsx bench/released.ts measure subcell <folder>     # prints one line of JSON
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { compile, f32, float32, i64, type ParameterDeclaration, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import {
  declareParameters,
  esmc,
  esmcPresets,
  fairEsmName,
  loadAs,
  type Pretrained,
} from "@proteoscope/models";
import { openCellDiffFile, openFolder } from "@proteoscope/models/node";
import {
  cellDiffDefaults,
  cellDiffDenoise,
  cellDiffKeyValues,
  cellDiffSequence,
  generateVermeerTokens,
  greedyToken,
  openStagedCellDiff,
  pictureTokenCount,
  subcell,
  subcellDefaults,
  vermeer,
  vermeerCondition,
  vermeerPresets,
} from "@proteoscope/models/released";
import { torchCheckpointParts, type WrittenTensor } from "../packages/models/src/testing/torch-checkpoint.ts";
import { tokensOf } from "./cases/esm2.ts";
import { randomInput, randomWeights } from "./random-weights.ts";

interface Released<M extends Pretrained = Pretrained> {
  /** Its file, as it was released. */
  readonly file: string;
  /** A network of the real size, without weights. */
  readonly network: M;
  /** The stored name of a parameter. */
  stored(name: string): string;
  readonly wrap?: readonly string[];
  /** Measures: milliseconds by what takes them. */
  measure(runtime: Runtime, model: M): Promise<Record<string, number>>;
  /** Where the network runs from its file, what opens it; `measure` is not called then. */
  measureFile?(runtime: Runtime, folder: string): Promise<Record<string, number>>;
}

const none = new Map();
const define = <M extends Pretrained>(released: Released<M>): Released => released as unknown as Released;

/** Milliseconds of the fastest of some runs, after one that is thrown away. */
async function fastest(run: () => Promise<unknown>, runs = 3): Promise<number> {
  await run();
  let best = Infinity;
  for (let index = 0; index < runs; index += 1) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const esmPrefix = "net.protein_sequence_embedding.model.";
const esmcTokens = 512;
const cellDiffTokens = 447;

function esmcOf(size: "300M" | "600M"): Released {
  const network = { architecture: "esmc", config: esmcPresets[size], weights: none } as const;
  return define({
    file: "model.pth",
    network,
    stored: (name) => name,
    async measure(runtime, { config, weights }: typeof network) {
      const program = await compile(
        runtime,
        (w, { inputIds }) => ({ y: esmc(w, config, { inputIds }).representations.at(-1)! }),
        { inputIds: i64(1, esmcTokens) },
        { weights },
      );
      const inputIds = tokensOf(1, esmcTokens - 2);
      return { [`${esmcTokens} tokens`]: await fastest(() => program.run({ inputIds })) };
    },
  });
}

const released: Readonly<Record<string, Released>> = {
  subcell: define({
    file: "all_channels_ViT-ProtS-Pool.pth",
    network: { architecture: "subcell", config: subcellDefaults, weights: none } as const,
    stored: (name) => name.replace(/(attention_[uv])\.0/, "$1.1"),
    async measure(runtime, { config, weights }) {
      const program = await compile(
        runtime,
        (w, { x }) => ({ y: subcell(w, config, x).embedding }),
        { x: f32(1, 4, 448, 448) },
        { weights },
      );
      const x = randomInput("x", 1, 4, 448, 448);
      return { "one cell of 448x448": await fastest(() => program.run({ x })) };
    },
  }),
  "esmc-300m": esmcOf("300M"),
  "esmc-600m": esmcOf("600M"),
  "cell-diff": define({
    file: "hpa_pretrained.pth",
    network: { architecture: "cell-diff", config: cellDiffDefaults, weights: none } as const,
    stored: (name) =>
      name.startsWith(esmPrefix) ? esmPrefix + fairEsmName(name.slice(esmPrefix.length)) : name,
    async measure(runtime, { config, weights }) {
      const s = f32(1, cellDiffTokens, config.hiddenSize);
      const step = await compile(
        runtime,
        (w, { sample, cell, timestep, sequence }) =>
          cellDiffDenoise(w, config, {
            ...{ sample, cell, timestep, sequence },
            keyValues: cellDiffKeyValues(w, config, sequence),
          }) as never,
        { sample: f32(1, 4, 64, 64), cell: f32(1, 12, 64, 64), timestep: f32(1), sequence: s },
        { weights },
      );
      const inputs = {
        sample: randomInput("sample", 1, 4, 64, 64),
        cell: randomInput("cell", 1, 12, 64, 64),
        timestep: float32([1], Float32Array.of(100)),
        sequence: randomInput("s", 1, cellDiffTokens, config.hiddenSize),
      };
      const stepMs = await fastest(() => step.run(inputs as never), 2);
      await step.close();
      const encode = await compile(
        runtime,
        (w, { tokens }) => ({ sequence: cellDiffSequence(w, config, tokens) }),
        { tokens: i64(1, cellDiffTokens) },
        { weights },
      );
      const tokens = tokensOf(1, cellDiffTokens - 2);
      return { "one step": stepMs, "the sequence": await fastest(() => encode.run({ tokens }), 1) };
    },
  }),
  "cell-diff-f16": define({
    file: "hpa_pretrained.pth",
    network: { architecture: "cell-diff", config: cellDiffDefaults, weights: none } as const,
    stored: (name) =>
      name.startsWith(esmPrefix) ? esmPrefix + fairEsmName(name.slice(esmPrefix.length)) : name,
    measure: async () => ({}),
    async measureFile(runtime, folder) {
      const ms: Record<string, number> = {};
      const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
        const start = performance.now();
        const result = await work();
        ms[what] = performance.now() - start;
        console.error(
          `${what}: ${Math.round(ms[what])} ms, ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
        );
        return result;
      };
      const stored = await timed("conversion or opening", () =>
        openCellDiffFile(folder, "hpa_pretrained.pth"),
      );
      const stepper = await openStagedCellDiff(runtime, stored, {
        tokens: cellDiffTokens,
        height: 64,
        width: 64,
      });
      const ids = Array.from({ length: cellDiffTokens }, (_, index) => 4 + (index % 20));
      await timed("the sequence", () => stepper.readSequence(ids));
      const [sample, cell] = [randomInput("sample", 1, 4, 64, 64), randomInput("cell", 1, 12, 64, 64)];
      await timed("opening and the first step", () => stepper.step(sample, cell, 100));
      await timed("one step", () => stepper.step(sample, cell, 100));
      await timed("one step more", () => stepper.step(sample, cell, 98));
      await stepper.close();
      return ms;
    },
  }),
  "vermeer-b": define({
    file: "vermeer_B.ckpt",
    network: { architecture: "vermeer", config: vermeerPresets.B, weights: none } as const,
    stored: (name) => name,
    wrap: ["model"],
    async measure(runtime, model) {
      const { config, weights } = model;
      const given = pictureTokenCount(config, 3);
      const prefix = [Array.from({ length: given }, (_, index) => index % config.numCodes)];
      const embeddings = randomInput("e", 1, 1, config.conditionSize);
      const start = performance.now();
      const marks: number[] = [];
      await generateVermeerTokens(runtime, model, {
        ...{ embeddings, prefix, count: 259, choose: greedyToken },
        onToken: () => marks.push(performance.now()),
      });
      const picture = performance.now() - start;
      const full = await compile(
        runtime,
        (w, inputs) => ({
          y: vermeer(w, config, {
            tokens: inputs.tokens,
            condition: vermeerCondition(w, config, inputs.embeddings),
          }),
        }),
        { tokens: i64(1, given + 128), embeddings: f32(1, 1, config.conditionSize) },
        { weights },
      );
      const ids = Array.from({ length: given + 128 }, (_, index) => BigInt(index % config.numCodes));
      const tokens = { dtype: "int64", shape: [1, ids.length], data: BigInt64Array.from(ids) } as const;
      return {
        "the protein's picture with compilation": picture,
        "one kept step": (marks.at(-1)! - marks[0]!) / (marks.length - 1),
        "one full pass of 903 positions": await fastest(() => full.run({ tokens, embeddings }), 2),
      };
    },
  }),
};

async function write({ file, network, stored, wrap = [] }: Released, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = new Map(
    [...declareParameters(network)].map(([name, declaration]): [string, WrittenTensor] => [
      stored(name),
      { shape: declaration.shape, values: () => valuesOf(name, declaration) },
    ]),
  );
  const parts = torchCheckpointParts(tensors, { wrap, zip64: true });
  await pipeline(Readable.from(parts), createWriteStream(join(folder, file)));
}

function valuesOf(name: string, declaration: ParameterDeclaration): Float32Array {
  return randomWeights(new Map([[name, declaration]])).get(name)!.data as Float32Array;
}

async function measure(
  { file, network, measure: run, measureFile }: Released,
  folder: string,
): Promise<object> {
  const start = performance.now();
  const model =
    measureFile === undefined ? await loadAs(network.architecture, openFolder(folder), { file }) : undefined;
  const loadMs = performance.now() - start;
  const runtime = await openRuntime({ device: "cpu" });
  const ms = measureFile ? await measureFile(runtime, folder) : await run(runtime, model as Pretrained);
  await runtime.close();
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    loadMs: round(loadMs),
    ms: Object.fromEntries(Object.entries(ms).map(([what, value]) => [what, round(value)])),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

const [task, name = "", folder] = process.argv.slice(2);
const chosen = released[name];
if (chosen === undefined || folder === undefined || (task !== "write" && task !== "measure"))
  throw new Error(`usage: released.ts write|measure ${Object.keys(released).join("|")} <folder>`);
if (task === "write") await write(chosen, join(folder, name));
else console.log(JSON.stringify({ name, ...(await measure(chosen, join(folder, name))) }));
