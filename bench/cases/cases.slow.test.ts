import type { Runtime, Trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace } from "../../packages/proteoscope/src/testing/model-folder.ts";
import type { BenchCase, BenchResult } from "../case.ts";
import { randomWeights } from "../random-weights.ts";
import { convBlockCase } from "./conv-block.ts";
import { esm2Case, tokensOf } from "./esm2.ts";
import { imageCase } from "./image-paper.ts";
import { caseOf, cases, scalingCases } from "./index.ts";
import { miniWarm } from "./mini-image.ts";
import { createOverheadCases, overheadShare } from "./overhead.ts";
import { cellDiffCase, esmcCase, subcellCase, vermeerCase } from "./released.ts";
import { formatScaling, manyProteins, mixedLengths } from "./scaling.ts";
import {
  tinyAutoencoder,
  tinyCellDiff,
  tinyEsm2,
  tinyEsmc,
  tinyLoss,
  tinySubcell,
  tinyUnet,
  tinyVermeer,
} from "./testing/tiny-configs.ts";
import { unetStepCase } from "./unet-step.ts";
import { unetTrainCase } from "./unet-train.ts";
import { vaeDecodeCase, vaeTrainCase } from "./vae.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

/** Runs a case twice, as measuring does at least, and returns the operations it counts. */
async function runTwice(subject: BenchCase): Promise<number | null> {
  const prepared = await subject.prepare(runtime);
  await prepared.run();
  await prepared.run();
  await prepared.close?.();
  return prepared.gflop;
}

const image = { unet: tinyUnet, autoencoder: tinyAutoencoder, residues: 5, steps: 3 };

describe("the cases", () => {
  it("are those by which results are compared", () => {
    const compared = [
      ...["unet.step.b2", "unet.train.b8", "image.ddim50.paper", "vae.decode.b1", "vae.train.b2"],
      ...["esm2.8M", "esm2.35M", "esm2.150M", "block.128x25", "block.256x13", "block.512x7"],
      ...["subcell.b1", "esmc.300M", "esmc.600M", "cell-diff.step", "vermeer.B"],
      ...["mini.image.cold", "mini.image.warm"],
    ];
    const names = cases.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(compared));
    for (const { name, peer } of cases)
      expect(peer !== undefined, name).toBe(compared.includes(name) && !name.startsWith("mini."));
  });

  it("have names of their own, by which they are found", () => {
    const all = [...cases, ...scalingCases];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const subject of all) {
      expect(subject.name).toMatch(/^[\w-]+(\.[\w-]+)+$/);
      expect(caseOf(subject.name)).toBe(subject);
      expect(subject.title).not.toBe("");
    }
    expect(() => caseOf("unet")).toThrow('no benchmark "unet"');
  });
});

describe("with small networks", () => {
  it("a guided step runs, and costs more arithmetic with more residues and samples", async () => {
    const step = (samples: number, residues: number) =>
      runTwice(unetStepCase("test.step", { title: "", samples, residues, config: tinyUnet }));
    const [one, longer, three] = [await step(1, 5), await step(1, 50), await step(3, 5)];
    expect(one).toBeGreaterThan(0);
    expect(longer).toBeGreaterThan(one!);
    expect(three! / one!).toBeGreaterThan(2.8); // all but what the samples share
  });

  it("a training step of the denoiser runs and counts about three times its forward pass", async () => {
    const options = { batchSize: 2, residues: 5, config: tinyUnet };
    const train = (await runTwice(unetTrainCase("test.train", options)))!;
    const step = (await runTwice(unetStepCase("test.step", { title: "", residues: 5, config: tinyUnet })))!;
    expect(train / step).toBeGreaterThan(2.5);
    expect(train / step).toBeLessThan(3.5);
  });

  it("an image counts its protein, its steps and its decoding", async () => {
    const whole = (await runTwice(imageCase("test.image", image)))!;
    const step = (await runTwice(unetStepCase("test.step", { title: "", residues: 5, config: tinyUnet })))!;
    const decode = (await runTwice(vaeDecodeCase("test.decode", { config: tinyAutoencoder, side: 16 })))!;
    expect(whole).toBeGreaterThan(3 * step + decode);
    expect(whole).toBeLessThan(4 * step + decode);
  });

  it("a training step of the autoencoder trains both of its networks", async () => {
    const config = { autoencoder: tinyAutoencoder, loss: tinyLoss };
    expect(await runTwice(vaeTrainCase("test.vae", { config, batchSize: 2, side: 32 }))).toBeGreaterThan(0);
  });

  it("a language model reads proteins of one length as a batch", async () => {
    const options = { title: "", config: tinyEsm2, proteins: 3, residues: 7 };
    expect(await runTwice(esm2Case("test.esm2", options))).toBeGreaterThan(0);
    const { shape, data } = tokensOf(2, 3);
    expect([shape, ...data]).toEqual([[2, 5], ...[0n, 4n, 5n, 6n, 2n], ...[0n, 4n, 5n, 6n, 2n]]);
  });

  it("a residual block counts both convolutions forward and twice backward", async () => {
    const block = convBlockCase({ channels: 8, side: 5, batchSize: 2, groups: 4 });
    expect(block.name).toBe("block.8x5");
    const convolution = 2 * (2 * 8 * 25) * (8 * 9);
    expect(((await runTwice(block)) ?? 0) * 1e9).toBeCloseTo(3 * 2 * convolution, 0);
  });

  it("released networks run, and count what they compute", async () => {
    const esmcOf = (tokens: number) => runTwice(esmcCase("test.esmc", tinyEsmc, tokens));
    expect(await esmcOf(18)).toBeGreaterThan(1.9 * (await esmcOf(9))!);
    expect(await runTwice(subcellCase("test.subcell", tinySubcell))).toBeGreaterThan(0);
    expect(await runTwice(cellDiffCase("test.cell-diff", tinyCellDiff, 7))).toBeGreaterThan(0);
    expect(await runTwice(vermeerCase("test.vermeer", tinyVermeer))).toBeNull();
  });

  it("released networks take the weights of a file", async () => {
    const names: string[] = [];
    const weightsOf = (parameters: Trace["parameters"]) => {
      names.push(...parameters.keys());
      return randomWeights(parameters);
    };
    for (const subject of [esmcCase("a", tinyEsmc, 5), vermeerCase("b", tinyVermeer)]) {
      const prepared = await subject.prepare(runtime, weightsOf);
      await prepared.close?.();
    }
    expect(names).toEqual(
      expect.arrayContaining(["esmc.embed_tokens.weight", "tok_embeddings_extended.weight"]),
    );
  });

  it("sequences of all lengths go through one session", async () => {
    const mixed = mixedLengths("test.mixed", { config: tinyUnet, lengths: [3, 9] });
    const apart = await Promise.all(
      [3, 9].map((residues) => runTwice(unetStepCase("test", { title: "", residues, config: tinyUnet }))),
    );
    expect(await runTwice(mixed)).toBeCloseTo(apart[0]! + apart[1]!, 12);
  });

  it("many proteins differ in length", async () => {
    const prepared = await manyProteins("test.many", { config: tinyEsm2, title: "", count: 3 }).prepare(
      runtime,
    );
    await prepared.run();
    expect(prepared.gflop).toBeGreaterThan(0);
  });

  it("the shipped model's image is drawn and written, and the folder removed", async () => {
    const workplace = createWorkplace();
    try {
      expect(await runTwice(miniWarm({ model: workplace.model }))).toBeNull();
    } finally {
      workplace.remove();
    }
  });

  it("the parts of the engine's overhead run", async () => {
    for (const part of createOverheadCases(image)) expect(await runTwice(part)).toBeNull();
  });
});

const result = (name: string, ms: number): BenchResult => ({
  ...{ name, ms, min: ms, n: 5, gflop: null, peakMb: 100, peer: null, ratio: null },
});

describe("what is printed with the table", () => {
  it("is the overhead, as a share of a first image, once all its parts are known", () => {
    const parts = [
      result("overhead.trace", 100),
      result("overhead.compile", 300),
      result("overhead.feed", 60),
    ];
    expect(overheadShare(parts)).toBeUndefined();
    expect(overheadShare([...parts, result("image.ddim50.paper", 8700)])).toBe(
      "engine overhead of a first image.ddim50.paper: tracing 100 ms, session making 200 ms, feeding and reading 60 ms: 4.0 %",
    );
    const withCached = [...parts, result("overhead.cached", 200), result("image.ddim50.paper", 7800)];
    expect(overheadShare(withCached)).toMatch(
      /: 4\.4 %; with sessions cached by an earlier command 200 ms and feeding: 3\.3 %$/,
    );
  });

  it("is a table for each thing that grows, with the time of each image", () => {
    const table = formatScaling([
      result("cli.version.cold", 1),
      result("scaling.unet.batch.1", 30),
      result("scaling.unet.batch.16", 320),
    ]);
    expect(table.split("\n")).toEqual([
      "scaling.unet.batch    ms  ms each  peak MB",
      "1                   30.0     30.0      100",
      "16                   320     20.0      100",
      "",
    ]);
    expect(formatScaling([result("cli.version.cold", 1)])).toBe("");
  });
});
