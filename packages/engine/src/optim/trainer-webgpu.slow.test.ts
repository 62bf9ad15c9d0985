/**
 * A whole training step on the webgpu device: forward, backward, clipping, AdamW and average in GPU memory.
 *
 * Runs over software Vulkan: the driver is the SwiftShader that Debian's chromium brings, and ONNX Runtime finds it
 * through the system's Vulkan loader. It refuses the graph if any node would fall back to the cpu. Compiling
 * the shaders takes most of the time.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { convolution, groupNorm, linear } from "../nn/layers.ts";
import { silu } from "../ops/elementwise.ts";
import { meanSquaredError } from "../ops/loss.ts";
import { mean } from "../ops/reduce.ts";
import { createGenerator } from "../random/generator.ts";
import { initializeWeights } from "../random/initialize.ts";
import { createOrtRuntime } from "../runtime/ort.ts";
import type { OrtOptions } from "../runtime/ort-tensors.ts";
import { float32 } from "../tensor.ts";
import { f32, type Model, trace } from "../trace.ts";
import { createTrainer } from "./trainer.ts";
import type { TrainingModel } from "./training-graph.ts";

const softwareVulkan = "/usr/lib/chromium/vk_swiftshader_icd.json";
const libraries = spawnSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).stdout ?? "";
const hasVulkan = existsSync(softwareVulkan) && libraries.includes("libvulkan.so.1");
const types = { x: f32(2, 3, 8, 8), y: f32(2, 4) };

const network: TrainingModel<typeof types, "net"> = (w, { x, y }) => {
  const first = convolution(w.at("first"), x, 8, { kernel: 3, padding: 1 });
  const features = silu(groupNorm(w.at("norm"), first, 2, 1e-5));
  const second = convolution(w.at("second"), features, 8, { kernel: 3, stride: 2, padding: 1 });
  return { losses: { net: meanSquaredError(linear(w.at("out"), mean(second, { axes: [2, 3] }), 4), y) } };
};

const batch = (step: number) => ({
  x: float32([2, 3, 8, 8], createGenerator(1, "x", step).normal(384)),
  y: float32([2, 4], createGenerator(1, "y", step).normal(8)),
});

async function trainFiveSteps(options: OrtOptions): Promise<{ losses: number[]; parameters: Float32Array }> {
  const runtime = createOrtRuntime(ort, options);
  const declared = trace(
    ((w, inputs, random) => network(w, inputs, random).losses) as Model<typeof types>,
    types,
  );
  const trainer = await createTrainer(runtime, network, types, {
    groups: { net: { prefix: "", learningRate: () => 0.01, clipNorm: 1, average: { decay: 0.9 } } },
    weights: initializeWeights(declared.parameters, 1),
    seed: 1,
  });
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) losses.push((await trainer.step(batch(step)))["loss.net"]!);
  const parameters = (await trainer.checkpoint()).get("parameters.second.weight")!.data as Float32Array;
  await trainer.close();
  await runtime.close();
  return { losses, parameters };
}

describe.skipIf(!hasVulkan)(
  "training on webgpu (needs Debian's chromium for its Vulkan driver, and libvulkan1)",
  () => {
    it("keeps every node on the device and loses as the cpu does over five steps", {
      timeout: 300_000,
    }, async () => {
      process.env.VK_ICD_FILENAMES = softwareVulkan;
      const expected = await trainFiveSteps({ device: "cpu", session: { executionProviders: ["cpu"] } });
      const found = await trainFiveSteps({
        device: "webgpu",
        session: {
          executionProviders: ["webgpu"],
          extra: { session: { disable_cpu_ep_fallback: "1" } },
          logSeverityLevel: 4,
        },
      });
      expected.losses.forEach(
        (loss, step) => void expect(Math.abs(found.losses[step]! - loss)).toBeLessThan(1e-5),
      );
      expect(new Set(found.losses).size).toBe(5);
      found.parameters.forEach(
        (value, i) => void expect(Math.abs(value - expected.parameters[i]!)).toBeLessThan(1e-4),
      );
    });
  },
);
