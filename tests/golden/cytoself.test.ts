// Recorded with the original's CytoselfFull (PyTorch 1.13): its reduced size in training and in evaluation, once with
// the channels of a position split into two codes, and the published size in evaluation.
import {
  f32,
  i64,
  type NdArray,
  type ParameterDeclaration,
  type Runtime,
  type Tensor,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { readSafetensors } from "@proteoscope/formats";
import {
  type CytoselfConfig,
  cytoself,
  cytoselfDefaults,
  cytoselfGrids,
  cytoselfLoss,
  savePretrained,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import {
  below,
  expectClose,
  forwardTolerance,
  golden,
  gradientTolerance,
  hashF32,
  hashInput,
  hashWeights,
  largestOf,
  wholeRecordings,
} from "./fixture.ts";

const small = (channelSplit: number): CytoselfConfig => ({
  inputShape: [2, 20, 20],
  encoderArgs: [
    {
      stochasticDepthProb: 0,
      blocksArgs: [
        { expandRatio: 1, kernel: 3, stride: 1, inputChannels: 8, outChannels: 8, numLayers: 1 },
        { expandRatio: 6, kernel: 3, stride: 2, inputChannels: 8, outChannels: 16, numLayers: 2 },
      ],
    },
    {
      stochasticDepthProb: 0,
      blocksArgs: [
        { expandRatio: 6, kernel: 5, stride: 2, inputChannels: 16, outChannels: 16, numLayers: 2 },
        { expandRatio: 6, kernel: 3, stride: 1, inputChannels: 16, outChannels: 24, numLayers: 1 },
      ],
    },
  ],
  vqArgs: { ...cytoselfDefaults.vqArgs, numEmbeddings: 32, embeddingDim: 16, channelSplit },
  fcOutputIdx: [2],
  fcArgs: { numLayers: 2, numFeatures: 24, dropoutRate: 0 },
  numClass: 7,
});

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

/** All that the files record of one pass in evaluation. */
const evaluate = (config: CytoselfConfig, batch: number) =>
  trace(
    (w, { x }) => {
      const { reconstruction, levels, levelReconstructions } = cytoself(w, config, x!, { training: false });
      const named = levels.flatMap((level, index): [string, Tensor][] => [
        [`encoder${index + 1}`, level.encoded],
        [`vqvec${index + 1}`, level.vectors],
        [`vqind${index + 1}`, level.indices],
        [`vqindhist${index + 1}`, level.histogram],
        [`perplexity${index + 1}`, level.perplexity],
        [`vq${index + 1}`, level.loss],
      ]);
      const logits = levels[1]!.logits!;
      return {
        out_image: reconstruction,
        inner: levelReconstructions[0]!,
        logits,
        ...Object.fromEntries(named),
      };
    },
    { x: f32(batch, ...config.inputShape) },
  );

describe("cytoself against the original", () => {
  const filesOf = (name: string) => [golden(name), ...wholeRecordings(name)];
  for (const { config, title, tensors } of [
    ...filesOf("cytoself_small").map((file) => ({ ...file, config: small(1) })),
    ...filesOf("cytoself_small_cs2").map((file) => ({ ...file, config: small(2) })),
  ]) {
    it(`${title}: losses, every gradient and the statistics of a training step`, async () => {
      const inputs = { x: tensors.get("x")!, labels: tensors.get("labels")! };
      const traced = trace(
        (w, { x, labels }) => {
          const options = { imageVariance: 0.0167, vqCoeff: 1, fcCoeff: 1 };
          const batch = { images: x, labels };
          const { loss, reconstruction, classification, outputs } = cytoselfLoss(w, config, options, batch, {
            training: true,
          });
          const named = outputs.levels.flatMap((level, index): [string, Tensor][] => [
            [`perp.perplexity${index + 1}`, level.perplexity],
            [`mse.reconstruction${index + 1}_loss`, reconstruction[index]!],
            [`vq.vq${index + 1}.loss`, level.loss],
            [`vq.vq${index + 1}.commitment_loss`, level.commitmentLoss],
            [`vq.vq${index + 1}.quantization_loss`, level.codebookLoss],
            [`vq.vq${index + 1}.softmax_loss`, level.softmaxLoss],
          ]);
          return {
            loss,
            out_image: outputs.reconstruction,
            logits: outputs.levels[1]!.logits!,
            fc_loss: classification[0]!,
            ...Object.fromEntries(named),
          };
        },
        { x: f32(...inputs.x.shape), labels: i64(4) },
      );
      const weights = below(tensors, "w.");
      const result = await differentiate(runtime, traced, { weights, inputs, inputNames: ["x"] });
      for (const [key, value] of Object.entries(result.outputs)) {
        // The image's error is divided by its small variance, and the whole loss is mostly that.
        const absolute = forwardTolerance.absolute! * Math.max(1, largestOf([value as NdArray]));
        expectClose(value, tensors.get(key), { absolute }, key);
      }
      expectClose(result.inputGradients.get("x"), tensors.get("gx"), gradientTolerance, "gx");
      const recorded = below(tensors, "g.");
      // A bias before a batch normalisation has no effect: its gradient is noise on the scale of the largest.
      const tolerance = { ...gradientTolerance, absolute: 1e-7 * largestOf([...recorded.values()]) };
      for (const [key, gradient] of recorded) {
        if (key.startsWith("fc_layers.0."))
          expect(largestOf([gradient]), key).toBe(0); // made, not used
        else expectClose(result.gradients.get(key), gradient, tolerance, key);
      }
      expect([...result.gradients.keys()].filter((key) => !recorded.has(key))).toEqual([]);
      for (const [key, value] of result.updates)
        expectClose(value, tensors.get(`after.${key}`), forwardTolerance, key);
      const counters = [...below(tensors, "after.").keys()].filter((key) =>
        key.endsWith("num_batches_tracked"),
      );
      expect(result.updates.size).toBe(2 * counters.length);
    });

    it(`${title}: image, logits and every embedding in evaluation`, async () => {
      const weights = new Map([...below(tensors, "w."), ...below(tensors, "after.")]);
      const x = tensors.get("x")!;
      const { outputs } = await differentiate(runtime, evaluate(config, 4), {
        weights,
        inputs: { x },
        loss: "vq1",
      });
      const recorded = below(tensors, "eval.");
      expect(recorded.size).toBe(9);
      for (const [key, value] of recorded) expectClose(outputs[key], value, forwardTolerance, key);
    });
  }

  it("cytoself_small: is saved with exactly the tensors of the original's state dict", () => {
    const theirs = below(golden("cytoself_small").tensors, "w.");
    const weights = new Map([...theirs].filter(([name]) => !name.endsWith("num_batches_tracked")));
    const files = savePretrained({ architecture: "cytoself", config: small(1), weights });
    const { tensors } = readSafetensors(files.get("model.safetensors")!);
    const table = (stateDict: ReadonlyMap<string, NdArray>) =>
      [...stateDict].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`).sort();
    expect(table(tensors)).toEqual(table(theirs));
  });

  it("cytoself_default_hash: image, logits and codes of the published size", async () => {
    const { tensors } = golden("cytoself_default_hash");
    expect(cytoselfGrids(cytoselfDefaults)).toEqual([
      [25, 25],
      [4, 4],
    ]);
    const x = hashInput("x", [2, 2, 100, 100], 0.5, 0.5);
    const traced = evaluate(cytoselfDefaults, 2);
    const weights = hashedWeights(traced.parameters, tensors);
    const { outputs } = await differentiate(runtime, traced, {
      weights,
      inputs: { x },
      isTrained: () => false,
      loss: "vq1",
    });
    for (const key of ["out_image", "logits", "encoder1", "encoder2", "vqind1", "vqind2", "vqvec2"])
      expectClose(outputs[key], tensors.get(key), forwardTolerance, key);
    expectClose(outputs.perplexity1, tensors.get("perp.perplexity1"), forwardTolerance, "perplexity1");
    for (const key of ["vq1", "vq2"])
      expectClose(outputs[key], tensors.get(`vqloss.${key}`), forwardTolerance, key);
    const [made, code] = [outputs.inner!.data as Float32Array, outputs.vqvec1!.data as Float32Array];
    const error = made.reduce((total, value, index) => total + (value - code[index]!) ** 2, 0) / made.length;
    expect(error).toBeCloseTo(Number(tensors.get("mse.reconstruction2_loss")!.data[0]), 6);
  });
});

/** Codebooks lie where the encoders' outputs lie, by a recorded scale and shift. */
function hashedWeights(
  declared: ReadonlyMap<string, ParameterDeclaration>,
  tensors: ReadonlyMap<string, NdArray>,
): Map<string, NdArray> {
  const weights = hashWeights(declared);
  for (const level of [0, 1]) {
    const name = `vq_layers.${level}.codebook.weight`;
    const { shape } = weights.get(name)!;
    const [scale, shift] = tensors.get(`codebook_scale${level}`)!.data as Float64Array;
    const data = hashF32(`codebook${level}`, shape[0]! * shape[1]!, scale, shift);
    weights.set(name, { dtype: "float32", shape, data });
  }
  return weights;
}
