// The denoiser against diffusers 0.20: outputs, and the gradients of every input and parameter.
// `unet_small_*` record every gradient, the larger networks norms and first values; `*_hash` have weights of the hash, and
// whole recordings those that unet_small_25 brings.
import {
  bool,
  compile,
  f32,
  i64,
  mean,
  mul,
  type NdArray,
  type Runtime,
  type Trace,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { toFloat32 } from "@proteoscope/formats";
import {
  crossAttentionKeyValues,
  maskedMean,
  type UnetConfig,
  unet,
  unetDefaults,
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

const reduced = (channels: number[], layersPerBlock: number, width: number): UnetConfig => ({
  ...unetDefaults,
  blockOutChannels: channels,
  layersPerBlock,
  crossAttentionDim: width,
  timeCondProjDim: width,
  normNumGroups: 8,
});
const paper: UnetConfig = { ...unetDefaults, crossAttentionDim: 1024, timeCondProjDim: 1024 };
const small = reduced([32, 32, 64], 1, 24);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

/** The recorded loss, mean(y * loss_w); without `timestep_cond` that is the masked mean of the sequence, as in use. */
function traceLoss(config: UnetConfig, inputs: Record<string, NdArray>): Trace {
  const { x, t, enc, mask, timestep_cond, loss_w } = inputs as Record<string, NdArray>;
  const types = {
    x: f32(...x!.shape),
    t: i64(...t!.shape),
    enc: f32(...enc!.shape),
    mask: bool(...mask!.shape),
    loss_w: f32(...loss_w!.shape),
    ...(timestep_cond === undefined ? {} : { timestep_cond: f32(...timestep_cond.shape) }),
  };
  return trace((w, tensors) => {
    const y = unet(w, config, {
      sample: tensors.x,
      timestep: tensors.t,
      timestepCond: tensors.timestep_cond ?? maskedMean(tensors.enc, tensors.mask),
      keyValues: crossAttentionKeyValues(w, config, tensors.enc),
      mask: tensors.mask,
    });
    return { y, loss: mean(mul(y, tensors.loss_w)) };
  }, types);
}

describe("UNet2DConditionModel against diffusers 0.20", () => {
  const weightsOfWhole = wholeRecordings("unet_small_25").map(({ tensors }) => below(tensors, "w."));
  const smallNames = ["unet_small_25", "unet_small_16", "unet_small_13x18"];
  for (const { title, tensors } of [
    ...smallNames.map((name) => golden(`${name}_hash`)),
    ...smallNames.flatMap(wholeRecordings),
  ]) {
    const isHashed = !tensors.has("x");
    const inputs = {
      x: tensors.get("x") ?? hashInput("x", tensors.get("gx")!.shape, 1.7),
      t: tensors.get("t")!,
      enc: tensors.get("enc") ?? hashInput("enc", tensors.get("genc")!.shape, 1.7),
      mask: tensors.get("mask")!,
      timestep_cond:
        tensors.get("timestep_cond") ?? hashInput("timestep_cond", tensors.get("gtc")!.shape, 1.7),
    };
    const loss_w = tensors.get("loss_w") ?? hashInput("loss_w", tensors.get("y")!.shape);
    const traced = traceLoss(small, { ...inputs, loss_w });
    const weights = isHashed ? hashWeights(traced.parameters) : weightsOfWhole[0]!;

    it(`${title}: forward and every gradient`, async () => {
      const result = await differentiate(runtime, traced, {
        weights,
        inputs: { ...inputs, loss_w },
        inputNames: ["x", "enc", "timestep_cond"],
      });
      for (const key of ["y", "loss"])
        expectClose(result.outputs[key], tensors.get(key), forwardTolerance, key);
      for (const [key, recorded] of [
        ["x", "gx"],
        ["enc", "genc"],
        ["timestep_cond", "gtc"],
      ] as const)
        expectClose(result.inputGradients.get(key), tensors.get(recorded), gradientTolerance, recorded);
      const recorded = below(tensors, "g.");
      if (isHashed || recorded.size > 0)
        expect([...result.gradients.keys()].sort()).toEqual([...recorded.keys()].sort());
      for (const [key, gradient] of recorded)
        expectClose(result.gradients.get(key), gradient, gradientTolerance, key);
    });

    it(`${title}: without mask, and without time condition`, async () => {
      const program = await compile(
        runtime,
        (w, { x, t, enc, mask, timestep_cond }) => {
          const keyValues = crossAttentionKeyValues(w, small, enc);
          return {
            y_nomask: unet(w, small, { sample: x, timestep: t, timestepCond: timestep_cond, keyValues }),
            y_notc: unet(w, small, { sample: x, timestep: t, keyValues, mask }),
          };
        },
        {
          x: f32("batch", ...inputs.x.shape.slice(1)),
          t: i64("batch"),
          enc: f32("batch", "residues", 24),
          mask: bool("batch", "residues"),
          timestep_cond: f32("batch", 24),
        },
        { weights },
      );
      const outputs = await program.run(inputs);
      expectClose(outputs.y_nomask, tensors.get("y_nomask"), forwardTolerance, "y_nomask");
      expectClose(outputs.y_notc, tensors.get("y_notc"), forwardTolerance, "y_notc");
      await program.close();
    });
  }

  for (const { name, config, residues } of [
    { name: "unet_small_hash", config: small, residues: 9 },
    { name: "unet_lpb2_hash", config: reduced([32, 64, 96], 2, 40), residues: 11 },
    { name: "unet_default_hash", config: paper, residues: 512 },
  ]) {
    const { tensors, metadata } = golden(name);
    it(`${name}: forward and the norm of every parameter's gradient`, async () => {
      const [batch, channels, height, width] = tensors.get("y")!.shape as [number, number, number, number];
      const inputs = {
        x: hashInput("x", [batch, config.inChannels, height, width], 1.7),
        t: tensors.get("t")!,
        enc: hashInput("enc", [batch, residues, config.crossAttentionDim], 1.7),
        mask: tensors.get("mask")!,
        loss_w: hashInput("loss_w", [batch, channels, height, width]),
      };
      const traced = traceLoss(config, inputs);
      const weights = hashWeights(traced.parameters);
      const result = await differentiate(runtime, traced, { weights, inputs, inputNames: ["x", "enc"] });
      for (const key of ["y", "loss"])
        expectClose(result.outputs[key], tensors.get(key), forwardTolerance, key);
      expectClose(result.inputGradients.get("x"), tensors.get("gx"), gradientTolerance, "gx");
      const sequenceGradient = result.inputGradients.get("enc")!;
      if (tensors.has("genc")) expectClose(sequenceGradient, tensors.get("genc"), gradientTolerance, "genc");
      else expectHead(sequenceGradient, tensors.get("genc_head")!, tensors.get("genc_norm")!);
      expectGradientSummary(
        result.gradients,
        JSON.parse(metadata.keys!),
        tensors.get("gnorm")!,
        tensors.get("ghead")!,
      );
    });
  }
});

/** Holds a gradient [1, L, D] to its recorded norm and its recorded corner [rows, columns]. */
function expectHead(gradient: NdArray, head: NdArray, norm: NdArray): void {
  const values = toFloat32(gradient);
  const [rows, columns] = head.shape as [number, number];
  const corner = Float32Array.from({ length: rows * columns }, (_, i) => {
    return values[Math.floor(i / columns) * gradient.shape[2]! + (i % columns)]!;
  });
  expectClose({ shape: head.shape, data: corner }, head, gradientTolerance, "genc_head");
  const length = Math.sqrt(values.reduce((total, value) => total + value * value, 0));
  expectClose({ shape: [], data: Float32Array.of(length) }, norm, gradientTolerance, "genc_norm");
}
