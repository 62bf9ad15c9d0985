import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGenerator, float32, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { readSafetensors } from "@proteoscope/formats";
import { openProteinEncoder, readSequenceModel } from "@proteoscope/microscope";
import { randomModelFiles } from "@proteoscope/microscope/testing";
import { memoryFolder, saveHomologs, saveSequenceCondition } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compartments, imageCompartments } from "../data/atlas/compartments.ts";
import { homologsOf } from "../data/atlas/homologs.ts";
import { readSequences } from "../data/atlas/sequences.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { judgedShape, writeJudgedAtlas } from "../testing/judged-model.ts";
import { evaluateModel } from "./run.ts";
import { strikeHeldOut } from "./strike-held-out.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let runtime: Runtime;
let atlas: Awaited<ReturnType<typeof writeJudgedAtlas>>;
let splits: Awaited<ReturnType<typeof readSequences>>;
let folder: string;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  atlas = await writeJudgedAtlas();
  splits = await readSequences(atlas.path);
  folder = mkdtempSync(join(tmpdir(), "proteoscope-strike-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await atlas.remove();
  await runtime.close();
});

/** A model whose annotated proteins are these, and whose images are conditioned on what is known of a protein. */
function modelOf(proteins: readonly Protein[]) {
  const shape = { ...judgedShape, localization: { ...judgedShape.localization, labels: compartments } };
  const files = randomModelFiles(shape);
  const values = (rows: number, columns: number) =>
    float32([rows, columns], createGenerator(1, "condition").normal(rows * columns));
  const weights = new Map([
    ...readSafetensors(files.get("condition/model.safetensors")!).tensors,
    ["compartments.directions", values(compartments.length, shape.languageModel.hiddenSize)] as const,
    ["compartments.prototypes", values(imageCompartments.length, compartments.length)] as const,
  ]);
  const target = { compartments: imageCompartments, inverseTemperature: 4 };
  const condition = saveSequenceCondition({ input: "full", target, weights });
  return memoryFolder(new Map([...files, ...condition, ...saveHomologs(homologsOf(proteins))]), "model");
}
const everyProtein = () => [...splits.values()].flat();
const seenProteins = () => splits.get("train")!;

async function evaluate(model: ReturnType<typeof modelOf>, output: string) {
  const request = {
    ...{ data: atlas.path, output: join(folder, output), resume: false, only: undefined, software: {} },
    ...{ sets: ["opencell", "partition"] as const, proteins: 2, localizedProteins: undefined },
    ...{ judges: [], sweeps: [], cacheFolder: undefined },
    settings: { samples: 2, steps: 1, sampler: "ddim", guidance: 2, seed: 0 } as const,
  };
  const options = { signal: new AbortController().signal };
  const { metrics } = await evaluateModel(runtime, { folder: model, borrowed: [] }, request, options);
  const answers = readFileSync(join(folder, output, "answers.jsonl"), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  return { localization: metrics.localization, images: metrics.images, answers };
}

describe("a model that brings the annotations of every protein", () => {
  it("knows the proteins that an evaluation holds out, before they are struck out", async () => {
    const model = await readSequenceModel(modelOf(everyProtein()));
    const struck = strikeHeldOut(model, splits);
    const [whole, evaluated] = await Promise.all(
      [model, struck].map((one) => openProteinEncoder(runtime, one)),
    );
    const heldOut = [...splits].filter(([split]) => split !== "train").flatMap(([, proteins]) => proteins);
    expect(heldOut.length).toBeGreaterThan(8);
    for (const { sequence } of heldOut) {
      expect((await whole!.encode(sequence)).known).toBeDefined();
      expect(await evaluated!.encode(sequence)).toMatchObject({ known: undefined, near: undefined });
    }
    const [{ sequence }] = seenProteins() as [Protein];
    expect((await evaluated!.encode(sequence)).known).toBeDefined();
    await Promise.all([whole, evaluated].map((encoder) => encoder!.close()));
  });

  it("is the model that brings those alone that it was trained on, once they are", async () => {
    const struck = strikeHeldOut(await readSequenceModel(modelOf(everyProtein())), splits).homologs!;
    const seen = (await readSequenceModel(modelOf(seenProteins()))).homologs!;
    expect(struck.annotations).toEqual(seen.annotations);
    expect(struck.proteins.sequences).toEqual(seen.proteins.sequences);
    expect(struck.proteins.ends).toEqual(seen.proteins.ends);
  });

  it("is evaluated, in images and in sequences, as if it had never met what is held out", async () => {
    const unseen = everyProtein().filter((protein) => !seenProteins().includes(protein));
    expect(unseen.length).toBeGreaterThan(8);
    const [every, seen] = [
      await evaluate(modelOf(everyProtein()), "every"),
      await evaluate(modelOf(seenProteins()), "seen"),
    ];
    expect(every.answers.length).toBeGreaterThan(4);
    expect(every).toEqual(seen);
  });
});
