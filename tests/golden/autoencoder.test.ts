import { add, f32, mean, mul, type NdArray, type Runtime, sum, type Trace, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import {
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  decode,
  encode,
  klDivergence,
  sampleLatent,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import {
  below,
  expectClose,
  expectGradientSummary,
  forwardTolerance,
  golden,
  gradientTolerance,
  hashInput,
  hashWeights,
  wholeRecordings,
} from "./fixture.ts";

const small: AutoencoderKlConfig = {
  ...autoencoderKlDefaults,
  blockOutChannels: [32, 64, 64],
  layersPerBlock: 1,
  normNumGroups: 8,
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

/** The recorded loss, mean(dec * loss_w) + 1e-3 sum(kl), over all that the files record. */
function traceLoss(config: AutoencoderKlConfig, inputs: Record<string, NdArray>): Trace {
  const types = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, f32(...shape)]));
  return trace((w, { x, noise, loss_w }) => {
    const posterior = encode(w, config, x!);
    const z = sampleLatent(posterior, noise!);
    const dec = decode(w, config, z);
    const kl = klDivergence(posterior);
    const loss = add(mean(mul(dec, loss_w!)), mul(sum(kl), 1e-3));
    return { ...posterior, z, dec, kl, loss };
  }, types);
}

function halves(moments: NdArray): { mean: Float32Array; logvar: Float32Array } {
  const [batch, channels, height, width] = moments.shape as [number, number, number, number];
  const size = (channels / 2) * height * width;
  const pick = (half: 0 | 1) =>
    Float32Array.from({ length: batch * size }, (_, i) =>
      Number((moments.data as Float32Array)[Math.floor(i / size) * 2 * size + half * size + (i % size)]),
    );
  return { mean: pick(0), logvar: pick(1) };
}

const forwardNames = ["mean", "logvar", "z", "dec", "kl", "loss"];

describe("AutoencoderKL against diffusers 0.20", () => {
  const weightsOfWhole = wholeRecordings("vae_small").map(({ tensors }) => below(tensors, "w."));
  for (const { title, tensors } of [
    ...["vae_small_20_hash", "vae_small_odd_hash"].map(golden),
    ...["vae_small", "vae_small_odd"].flatMap(wholeRecordings),
  ]) {
    const sides = tensors.get("gx")!.shape.slice(2).join("x"); // 25x18: sides that the levels do not divide
    it(`${title}: forward and every gradient at ${sides}`, async () => {
      const isHashed = !tensors.has("x");
      const inputs = {
        x: tensors.get("x") ?? hashInput("x", tensors.get("gx")!.shape, 0.5, 0.5),
        noise: tensors.get("noise") ?? hashInput("noise", tensors.get("z")!.shape, 1.7),
        loss_w: tensors.get("loss_w") ?? hashInput("loss_w", tensors.get("dec")!.shape),
      };
      const traced = traceLoss(small, inputs);
      const weights = isHashed ? hashWeights(traced.parameters) : weightsOfWhole[0]!;
      const result = await differentiate(runtime, traced, { weights, inputs, inputNames: ["x"] });
      for (const key of forwardNames)
        expectClose(result.outputs[key], tensors.get(key), forwardTolerance, key);
      expectClose(result.inputGradients.get("x"), tensors.get("gx"), gradientTolerance, "gx");
      const recorded = below(tensors, "g.");
      if (isHashed || recorded.size > 0)
        expect([...result.gradients.keys()].sort()).toEqual([...recorded.keys()].sort());
      for (const [key, gradient] of recorded)
        expectClose(result.gradients.get(key), gradient, gradientTolerance, key);
    });
  }

  for (const [name, config, size] of [
    ["vae_small_hash", small, 20],
    ["vae_default_hash", autoencoderKlDefaults, 100],
  ] as const) {
    const { tensors, metadata } = golden(name);
    it(`${name}: forward and the norm of every parameter's gradient`, async () => {
      const inputs = {
        x: tensors.get("x") ?? hashInput("x", [1, 2, size, size], 0.5, 0.5),
        noise: tensors.get("noise") ?? hashInput("noise", [1, 4, size / 4, size / 4], 1.7),
        loss_w: hashInput("loss_w", [1, 2, size, size]),
      };
      const traced = traceLoss(config, inputs);
      const weights = hashWeights(traced.parameters);
      const result = await differentiate(runtime, traced, { weights, inputs, inputNames: ["x"] });
      const moments = halves(tensors.get("moments")!);
      expectClose(
        result.outputs.mean,
        { shape: result.outputs.mean!.shape, data: moments.mean },
        forwardTolerance,
        "mean",
      );
      expectClose(
        result.outputs.logvar,
        { shape: result.outputs.logvar!.shape, data: moments.logvar },
        forwardTolerance,
        "logvar",
      );
      for (const key of ["z", "dec", "kl", "loss"])
        expectClose(result.outputs[key], tensors.get(key), forwardTolerance, key);
      expectClose(result.inputGradients.get("x"), tensors.get("gx"), gradientTolerance, "gx");
      expectGradientSummary(
        result.gradients,
        JSON.parse(metadata.keys!),
        tensors.get("gnorm")!,
        tensors.get("ghead")!,
      );
    });
  }
});
