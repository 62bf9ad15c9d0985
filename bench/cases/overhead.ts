// What the engine itself costs of a guided image at paper size: tracing, making sessions, feeding and reading. Each part
// is a case, and `overheadShare` compares them with the image.
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { compile, f32, float32, full, type Runtime, type Session } from "@proteoscope/engine";
import { compileDenoiser, keyValueTypes } from "@proteoscope/models";
import { cacheSessions } from "../../packages/engine/src/runtime/node/session-cache.ts";
import type { BenchCase, BenchResult, Prepared } from "../case.ts";
import {
  denoiserGraphs,
  guidance,
  randomDenoiserWeights,
  randomSample,
  randomSequence,
  stepTypes,
} from "./guided-denoiser.ts";
import { type ImageSize, imagePaper, paperImage } from "./image-paper.ts";
import { randomDecoder } from "./vae.ts";

const names = {
  trace: "overhead.trace",
  compile: "overhead.compile",
  cached: "overhead.cached",
  feed: "overhead.feed",
} as const;

export const overheadCases: readonly BenchCase[] = createOverheadCases(paperImage);

export function createOverheadCases(size: ImageSize): readonly BenchCase[] {
  return [
    {
      name: names.trace,
      title: "engine overhead of that image: tracing, simplifying and writing its graphs, no sessions",
      // A runtime of its own for every run: programs of one runtime would share what is there already.
      prepare: async (runtime) => compilation(size, () => idleRuntime(runtime)),
    },
    {
      name: names.compile,
      title: "engine overhead of that image: tracing its graphs and making its sessions",
      prepare: async (runtime) => compilation(size, () => runtime),
    },
    {
      name: names.cached,
      title: "the same, with sessions that an earlier process cached",
      prepare: async (runtime) => {
        const folder = await mkdtemp(join(tmpdir(), "proteoscope-bench-"));
        const keepers: Runtime[] = [];
        const prepared = compilation(size, () => keeping(runtime, folder, keepers));
        await prepared.run();
        for (const keeper of keepers) await keeper.close(); // when the files are whole
        return { ...prepared, close: () => rm(folder, { recursive: true }) };
      },
    },
    {
      name: names.feed,
      title: "engine overhead of that image: feeding and reading its runs, by sessions that compute nothing",
      prepare: (runtime) => feeding(runtime, size),
    },
  ];
}

const idleSession: Session = { run: async () => ({}), close: async () => {} };

function idleRuntime(runtime: Runtime): Runtime {
  const idle = { ...runtime, load: async () => idleSession };
  return runtime.pair === undefined ? idle : { ...idle, pair: async () => [idle, idle] };
}

/** A runtime that finds the sessions of an earlier one in its cache folder, as a later process does. */
function keeping(runtime: Runtime, folder: string, keepers: Runtime[]): Runtime {
  const keep = (one: Runtime) => {
    const stayingOpen = { ...one, close: async () => {} };
    const keeper = cacheSessions(stayingOpen, { folder, threads: availableParallelism() });
    keepers.push(keeper);
    return keeper;
  };
  if (runtime.pair === undefined) return keep(runtime);
  return {
    ...keep(runtime),
    pair: async () => {
      const [first, second] = await runtime.pair!();
      return [keep(first), keep(second)];
    },
  };
}

/** Compiles what an image needs, from weights that are there already. */
function compilation({ unet, autoencoder }: ImageSize, runtimeOf: () => Runtime): Prepared {
  const weights = randomDenoiserWeights(denoiserGraphs(unet));
  const decoder = randomDecoder({ config: autoencoder, side: 4 * unet.sampleSize });
  return {
    gflop: null,
    async run() {
      const runtime = runtimeOf();
      const [denoiser, program] = await Promise.all([
        compileDenoiser(runtime, unet, { weights }),
        decoder.compile(runtime),
      ]);
      await denoiser.close();
      await program.close();
    },
  };
}

/** Programs with the inputs and outputs of the real ones and nothing between them, run as often as an image runs those. */
async function feeding(
  runtime: Runtime,
  { unet, autoencoder, residues, steps }: ImageSize,
): Promise<Prepared> {
  const { crossAttentionDim, sampleSize: side } = unet;
  const weights = new Map();
  const keyValueShapes = Object.entries(keyValueTypes(unet, 1, residues));
  const preparation = await compile(
    runtime,
    () => ({
      timestepCond: full([1, crossAttentionDim], 0.5),
      ...Object.fromEntries(keyValueShapes.map(([name, { shape }]) => [name, full(shape as number[], 0.5)])),
    }),
    { sequence: f32(1, "residues", crossAttentionDim) },
    { weights },
  );
  const step = await compile(runtime, (_, { latents }) => ({ noise: latents }), stepTypes(unet), { weights });
  const imageShape = [1, autoencoder.outChannels, 4 * side, 4 * side];
  const decoding = await compile(
    runtime,
    () => ({ image: full(imageShape, 0.5) }),
    { latent: f32("batch", autoencoder.latentChannels, side, side) },
    { weights },
  );
  const sequence = randomSequence(unet, residues);
  const sample = randomSample(unet, 1);
  const scalars = {
    timestep: { dtype: "int64", shape: [1], data: BigInt64Array.of(500n) },
    guidance: float32([], Float32Array.of(guidance)),
  } as const;
  return {
    gflop: null,
    async run() {
      const cached = await preparation.run({ sequence });
      let latents = sample.latents;
      for (let i = 0; i < steps; i++)
        latents = (await step.run({ ...sample, ...scalars, latents }, { cached })).noise;
      await decoding.run({ latent: latents });
    },
  };
}

/** The engine's share of an image with its compiling, as one line; undefined unless its parts were measured. */
export function overheadShare(results: readonly BenchResult[]): string | undefined {
  const msOf = (wanted: string) => results.find(({ name }) => name === wanted)?.ms;
  const [traceMs, compileMs, cachedMs, feedMs, imageMs] = [
    ...[names.trace, names.compile, names.cached, names.feed],
    imagePaper.name,
  ].map(msOf);
  if (traceMs === undefined || compileMs === undefined || feedMs === undefined || imageMs === undefined)
    return undefined;
  const shareOf = (ms: number) => `${((100 * (ms + feedMs)) / (ms + imageMs)).toFixed(1)} %`;
  const parts = { tracing: traceMs, "session making": compileMs - traceMs, "feeding and reading": feedMs };
  const list = Object.entries(parts).map(([part, ms]) => `${part} ${ms.toFixed(0)} ms`);
  const first = `engine overhead of a first ${imagePaper.name}: ${list.join(", ")}: ${shareOf(compileMs)}`;
  if (cachedMs === undefined) return first;
  return `${first}; with sessions cached by an earlier command ${cachedMs.toFixed(0)} ms and feeding: ${shareOf(cachedMs)}`;
}
