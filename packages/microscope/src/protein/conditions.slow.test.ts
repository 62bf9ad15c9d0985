// Conditions that a model may be trained with, from its folder to the pictures.

import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { memoryFolder, type ProteinContext } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openMicroscope } from "../image/generate.ts";
import { readModel } from "../model/read-model.ts";
import { type ModelShape, randomModelFiles, tinyExtra, tinyShape } from "../testing/tiny-model.ts";

// Networks are compiled anew for every call of `generateWith`.
vi.setConfig({ testTimeout: 240_000 });

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const sequence = "MKTAYIAKQR";
const width = tinyShape.languageModel.hiddenSize;
const extra = tinyExtra;

/** The encoded protein in each context, and the protein channel that is generated in two steps. */
async function generateWith(shape: ModelShape, context: ProteinContext[]) {
  const microscope = openMicroscope(runtime, await readModel(memoryFolder(randomModelFiles(shape), "tiny")));
  try {
    const results = [];
    for (const one of context) {
      const protein = await microscope.encode(sequence, one);
      const distance = new Float32Array(40 * 40).fill(2);
      const { images } = await microscope.generate(protein, distance, { samples: 1, steps: 2, seed: 1 });
      results.push({ ...protein, images });
    }
    return results;
  } finally {
    await microscope.close();
  }
}

describe("the part of a sequence that is the condition", () => {
  it.each([
    ["full", 12, width],
    ["mean", 1, width],
    ["bos", 1, width],
    ["one_hot", 12, 33],
    ["random", 1, width],
  ] as const)("is read from the folder and generated with: %s", async (sequenceInput, tokens, numbers) => {
    const unet = { ...tinyShape.unet, crossAttentionDim: numbers, timeCondProjDim: numbers };
    const [result] = await generateWith({ ...tinyShape, unet, sequenceInput }, [{}]);
    expect(result!.width).toBe(numbers);
    expect(result!.condition).toHaveLength(tokens * numbers);
    expect(result!.images.every(Number.isFinite)).toBe(true);
  });

  it("must be of the width that the denoiser looks at", async () => {
    const files = randomModelFiles({ ...tinyShape, sequenceInput: "one_hot" });
    await expect(readModel(memoryFolder(files, "tiny"))).rejects.toThrow(
      "tiny/unet/config.json: cross_attention_dim: 16 where 33 fits (vocab_size of plm)",
    );
  });
});

describe("the context", () => {
  it("becomes further tokens that change the picture, and nothing where it is not known", async () => {
    const all = { gene: "FBL", cellLine: "u2os", expression: 7 };
    const [silent, unknown, gene, full, other] = await generateWith({ ...tinyShape, extra }, [
      {},
      { gene: "TOMM20" },
      { gene: "fbl" },
      all,
      { ...all, cellLine: "HEK293T" },
    ]);
    const [plain] = await generateWith(tinyShape, [all]); // a model that was trained without context ignores it
    const base = 12 * width;
    expect(silent!.condition).toEqual(plain!.condition);
    expect(silent!.images).toEqual(plain!.images);
    expect([silent!.context, unknown!.context, plain!.context]).toEqual([[], [], []]);
    expect(unknown!.condition).toEqual(silent!.condition);
    expect(gene!.context).toEqual(["text", "expression"]);
    expect(gene!.condition).toHaveLength(base + 2 * width);
    expect(full!.context).toEqual(["text", "expression", "cell_line"]);
    expect(full!.condition.slice(0, base)).toEqual(silent!.condition);
    expect(full!.condition.slice(base, base + width)).toEqual(gene!.condition.slice(base, base + width));
    for (const [a, b] of [
      [silent, gene],
      [gene, full],
      [full, other],
    ])
      expect(a!.images).not.toEqual(b!.images);
  });

  it("is refused for a cell line that the model was not trained with", async () => {
    await expect(generateWith({ ...tinyShape, extra }, [{ cellLine: "HeLa" }])).rejects.toThrow(
      /HEK293T, U2OS/,
    );
  });
});
