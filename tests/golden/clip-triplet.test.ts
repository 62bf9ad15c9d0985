// The projection head, the contrastive and the triplet loss against the original's. Its contrastive loss had inner
// products of embeddings of any length, divided by a temperature of 10, and no pair left out.
import {
  f32,
  type InputTypes,
  mean,
  mul,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import type { NdArray } from "@proteoscope/formats";
import { contrastiveLoss, projectionHead, tripletLoss } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import { below, expectClose, forwardTolerance, golden, gradientTolerance } from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const { tensors } = golden("clip_triplet_head");
const recorded = (name: string): NdArray => {
  const tensor = tensors.get(name);
  expect(tensor, `${name} is recorded`).toBeDefined();
  return tensor!;
};

/** Runs a function of recorded tensors, by their names, with the gradients of its loss with respect to each. */
async function run(
  names: readonly string[],
  model: (w: Weights, inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>,
  weights: ReadonlyMap<string, NdArray> = new Map(),
) {
  const types: InputTypes = Object.fromEntries(names.map((name) => [name, f32(...recorded(name).shape)]));
  const inputs = Object.fromEntries(names.map((name) => [name, recorded(name)]));
  return differentiate(runtime, trace(model, types), { weights, inputs, inputNames: names });
}

describe("the networks of images and sequences against the original", () => {
  it("contrastive loss and its gradients", async () => {
    const { outputs, inputGradients } = await run(["im", "pr"], (_, { im, pr }) => ({
      ...contrastiveLoss(im!, pr!, { scale: 1 / 10 }),
    }));
    expectClose(outputs.loss, recorded("loss"), forwardTolerance, "loss");
    // The original calls each by what is chosen among, not by what chooses.
    expectClose(outputs.imageLoss, recorded("proteins_loss"), forwardTolerance, "loss of the images");
    expectClose(outputs.proteinLoss, recorded("images_loss"), forwardTolerance, "loss of the proteins");
    expectClose(inputGradients.get("im"), recorded("g_im"), gradientTolerance, "gradient of the images");
    expectClose(inputGradients.get("pr"), recorded("g_pr"), gradientTolerance, "gradient of the proteins");
  });

  it("triplet loss and its gradients", async () => {
    const { outputs, inputGradients } = await run(
      ["tri_a", "tri_n", "tri_s"],
      (_, { tri_a, tri_n, tri_s }) => ({
        loss: tripletLoss({ images: tri_a!, negatives: tri_n!, proteins: tri_s! }),
      }),
    );
    expectClose(outputs.loss, recorded("tri_loss"), forwardTolerance, "loss");
    for (const name of ["tri_a", "tri_n", "tri_s"])
      expectClose(inputGradients.get(name), recorded(`g_${name}`), gradientTolerance, `gradient of ${name}`);
  });

  it("projection head: output, and gradients of input and parameters", async () => {
    const { outputs, gradients, inputGradients } = await run(
      ["ph.x", "ph.loss_w"],
      (w, inputs) => {
        const y = projectionHead(w, inputs["ph.x"]!, 8, { rate: 0, name: "head" });
        return { y, loss: mean(mul(y, inputs["ph.loss_w"]!)) };
      },
      below(tensors, "ph.w."),
    );
    expectClose(outputs.y, recorded("ph.y"), forwardTolerance, "output");
    expectClose(inputGradients.get("ph.x"), recorded("ph.gx"), gradientTolerance, "gradient of x");
    const wanted = below(tensors, "ph.g.");
    expect([...gradients.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, gradient] of wanted)
      expectClose(gradients.get(name), gradient, gradientTolerance, name);
  });
});
