import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { f32, initializeWeights, trace } from "@proteoscope/engine";
import { readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { type CytoselfConfig, cytoself, cytoselfDefaults, savePretrained } from "@proteoscope/models";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";
import { listModels } from "./list.ts";

const config: CytoselfConfig = {
  ...cytoselfDefaults,
  inputShape: [1, 16, 16],
  encoderArgs: [
    {
      stochasticDepthProb: 0,
      blocksArgs: [{ expandRatio: 1, kernel: 3, stride: 2, inputChannels: 8, outChannels: 8, numLayers: 1 }],
    },
  ],
  vqArgs: { ...cytoselfDefaults.vqArgs, numEmbeddings: 4, embeddingDim: 8 },
  fcOutputIdx: [1],
  fcArgs: { numLayers: 1, numFeatures: 8, dropoutRate: 0 },
  numClass: 5,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-cytoself-"));
  const traced = trace((w, { x }) => ({ y: cytoself(w, config, x, { training: false }).reconstruction }), {
    x: f32(1, 1, 16, 16),
  });
  const weights = initializeWeights(traced.parameters, 1);
  mkdirSync(join(folder, "cytoself"));
  for (const [path, bytes] of savePretrained({ architecture: "cytoself", config, weights }))
    writeFileSync(join(folder, "cytoself", path), bytes);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("models run takes cytoself from a folder, and models list and verify know what it is", async () => {
  const [input, output] = [join(folder, "in.safetensors"), join(folder, "out.safetensors")];
  const x = { dtype: "float32", shape: [2, 1, 16, 16], data: new Float32Array(512).fill(0.5) } as const;
  writeFileSync(input, writeSafetensors([["x", x]]));
  const model = join(folder, "cytoself");
  const { commandContext, output: run } = recordCommandContext();
  const words = ["models", "run", model, "--input", input, "-o", output, "--json", "--device", "cpu"];
  expect(await runCommandLine(words, commandContext)).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({
    architecture: "cytoself",
    tensors: { fc1: { dtype: "float32", shape: [2, 5] } },
  });
  const { tensors } = readSafetensors(readFileSync(output));
  expect(tensors.get("vqind1")!.shape).toEqual([2, 1, 4, 4]);
  expect(tensors.get("decoder0")!.shape).toEqual([2, 1, 16, 16]);

  expect(await listModels(model, join(folder, "no-cache"))).toMatchObject([{ kind: "CytoselfFull" }]);
  const { commandContext: others, output: verified } = recordCommandContext();
  expect(await runCommandLine(["models", "verify", model, "--json"], others)).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, networks: [{ architecture: "cytoself" }] });
});
