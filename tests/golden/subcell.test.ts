// SubCell against SubCellPortable (CellProfiling, MIT): cells of the training size and of two others, for which the
// position embeddings are resized. `subcell_small` ships without its classifiers; the whole recording has two.
import { type NdArray as Computed, compile, f32, type Runtime } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";
import { normalizeSubcell, type SubcellConfig, subcell, subcellStains } from "@proteoscope/models/released";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allDeviceNames, openDevice } from "./devices.ts";
import { below, expectClose, type Golden, golden, wholeRecordings } from "./fixture.ts";

const tolerance = { relative: 1e-4 };

function configOf({ tensors }: Golden): SubcellConfig {
  return {
    stains: subcellStains,
    hiddenSize: 48,
    numHiddenLayers: 3,
    numAttentionHeads: 4,
    intermediateSize: 96,
    imageSize: 64,
    patchSize: 16,
    poolSize: 24,
    poolHeads: 2,
    numClassifiers: tensors.has("w.classifiers.0.0.weight") ? 2 : 0,
    classifierSizes: [512, 256],
    numLabels: 31,
  };
}

/** Every recorded value of a cell, by the recording's name. */
async function compute(
  runtime: Runtime,
  recording: Golden,
  { shape, data }: NdArray,
): Promise<ReadonlyMap<string, Computed>> {
  const [cells, stains, height, width] = shape as [number, number, number, number];
  const size = stains * height * width;
  const x = new Float32Array(data.length);
  for (let cell = 0; cell < cells; cell += 1) {
    const pixels = Array.from(data.subarray(cell * size, (cell + 1) * size), Number);
    x.set(normalizeSubcell([pixels]), cell * size);
  }
  const program = await compile(
    runtime,
    (w, inputs) => {
      const outputs = subcell(w, configOf(recording), inputs.x);
      return {
        "a.patch": outputs.patches,
        "a.embeddings": outputs.embedded,
        ...Object.fromEntries(outputs.layers.map((y, index) => [`a.layer.${index}`, y])),
        "a.last_hidden_state": outputs.lastHiddenState,
        "a.pool_attention": outputs.poolAttention,
        "a.cls_attention": outputs.classAttention,
        "out.embedding": outputs.embedding,
        ...Object.fromEntries(outputs.logits.map((y, index) => [`a.logits.${index}`, y])),
        ...(outputs.probabilities && { "out.probabilities": outputs.probabilities }),
      };
    },
    { x: f32(...shape) },
    { weights: below(recording.tensors, "w.") },
  );
  const outputs = await program.run({ x: { dtype: "float32", shape, data: x } });
  await program.close();
  return new Map([...Object.entries(outputs), ["x", { dtype: "float32", shape, data: x }]]);
}

describe.each(allDeviceNames)("SubCell on %s", (device) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openDevice[device]();
  });
  afterAll(() => runtime.close());

  describe.each([golden("subcell_small"), ...wholeRecordings("subcell_small")])("$title", (recording) => {
    it.each([
      ["of the native size", "", 10],
      ["of 80x80 pixels", "b.", 6],
      ["of 96x64 pixels", "c.", 6],
    ])("gives the recorded values of cells %s", async (_, prefix, least) => {
      const outputs = await compute(runtime, recording, recording.tensors.get(`${prefix}u8`)!);
      const recorded = [...outputs].filter(([name]) => recording.tensors.has(prefix + name));
      expect(recorded.length).toBeGreaterThanOrEqual(least);
      for (const [name, value] of recorded)
        expectClose(value, recording.tensors.get(prefix + name), tolerance, prefix + name);
    });
  });
});
