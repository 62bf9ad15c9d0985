import { f32, mean, mul, type NdArray, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { discriminator } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import { below, expectClose, forwardTolerance, golden, gradientTolerance } from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const { tensors } = golden("disc_small");
const config = { baseChannels: 8, layers: 3 };

describe("the patch discriminator against pix2pix", () => {
  const run = (training: boolean, weights: ReadonlyMap<string, NdArray>) => {
    const [x, lossWeights] = [tensors.get("x")!, tensors.get("loss_w")!];
    const traced = trace(
      (w, inputs) => {
        const y = discriminator(w, config, inputs.x, { training });
        return { y, loss: mean(mul(y, inputs.lossWeights)) };
      },
      { x: f32(...x.shape), lossWeights: f32(...lossWeights.shape) },
    );
    return differentiate(runtime, traced, { weights, inputs: { x, lossWeights }, inputNames: ["x"] });
  };

  it("disc_small: logits, every gradient and the running statistics of a training step", async () => {
    const result = await run(true, below(tensors, "w."));
    expectClose(result.outputs.y, tensors.get("y_train"), forwardTolerance, "logits");
    expectClose(result.outputs.loss, tensors.get("loss"), forwardTolerance, "loss");
    expectClose(result.inputGradients.get("x"), tensors.get("gx"), gradientTolerance, "gx");
    const recorded = below(tensors, "g.");
    expect([...result.gradients.keys()].sort()).toEqual([...recorded.keys()].sort());
    for (const [name, gradient] of recorded)
      expectClose(result.gradients.get(name), gradient, gradientTolerance, name);
    expect(result.updates.size).toBe(6);
    for (const [name, value] of result.updates)
      expectClose(value, tensors.get(`after.${name}`), forwardTolerance, name);
  });

  it("disc_small: logits by the statistics that the step left behind", async () => {
    const result = await run(false, below(tensors, "after."));
    expectClose(result.outputs.y, tensors.get("y_eval_after"), forwardTolerance, "logits");
    expect(result.updates.size).toBe(0);
  });
});
