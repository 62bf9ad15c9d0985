// The bottleneck against the original's module (torch.nn.TransformerEncoder): outputs, and the gradients of every
// input and parameter. What is recorded as "mean" is the original's, over padding as well.
import { bool, f32, mean, mul, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type EsmBottleneckConfig, esmBottleneck } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import { below, expectClose, forwardTolerance, golden, gradientTolerance } from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const sizes = { hiddenSize: 16, numLayers: 2, numHeads: 4, feedForwardSize: 24, dropout: 0 };

describe("the ESM bottleneck against the original", () => {
  it.each([
    { name: "esm_bottleneck_full", result: "full" },
    { name: "esm_bottleneck_token", result: "token" },
    { name: "esm_bottleneck_mean", result: "meanOverPadding" },
  ] as const)("$name: output and gradients of the result $result", async ({ name, result }) => {
    const file = golden(name);
    expect(file, `${name} is in fixtures/`).toBeDefined();
    const { tensors } = file;
    const config: EsmBottleneckConfig = { ...sizes, result };
    const traced = trace(
      (w, { x, mask, valid, lossWeights }) => {
        const output = esmBottleneck(w, config, { sequence: x, mask });
        const y = output.sequence;
        return { y, mask: output.mask, loss: mean(mul(mul(y, valid), lossWeights)) };
      },
      {
        x: f32(...tensors.get("x")!.shape),
        mask: bool(...tensors.get("mask")!.shape),
        valid: f32(...tensors.get("mask_out")!.shape, 1),
        lossWeights: f32(...tensors.get("loss_w")!.shape),
      },
    );
    const maskOut = tensors.get("mask_out")!;
    const run = await differentiate(runtime, traced, {
      weights: below(tensors, "w."),
      inputs: {
        x: tensors.get("x")!,
        mask: tensors.get("mask")!,
        valid: {
          dtype: "float32",
          shape: [...maskOut.shape, 1],
          data: Float32Array.from(maskOut.data as Uint8Array),
        },
        lossWeights: tensors.get("loss_w")!,
      },
      inputNames: ["x"],
    });
    expectClose(run.outputs.y, tensors.get("y_eval"), forwardTolerance, "output");
    expectClose(run.outputs.mask, maskOut, {}, "mask of the output");
    expectClose(run.outputs.loss, tensors.get("loss"), forwardTolerance, "loss");
    expectClose(run.inputGradients.get("x"), tensors.get("gx"), gradientTolerance, "gx");
    // The original holds its token in every mode, used or not; its gradient is then zero.
    const recorded = below(tensors, "g.");
    if (result !== "token") {
      expect(recorded.get("guidance_embedding.weight")!.data.every((value) => value === 0)).toBe(true);
      recorded.delete("guidance_embedding.weight");
    }
    expect([...run.gradients.keys()].sort()).toEqual([...recorded.keys()].sort());
    for (const [parameter, gradient] of recorded)
      expectClose(run.gradients.get(parameter), gradient, gradientTolerance, parameter);
  });
});
