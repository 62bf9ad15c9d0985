// LoRA on ESM2 against peft 0.5 on fair-esm: the adapter beside the network and merged into it, and the gradients of
// its matrices, which are all that is trained.
import { compile, f32, i64, mean, mul, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import type { NdArray } from "@proteoscope/formats";
import {
  canonicalEsm2Names,
  esm2,
  esm2Config,
  huggingFaceName,
  loraDefaults,
  mergeLora,
  withLora,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import { below, expectClose, forwardTolerance, golden, gradientTolerance } from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

/** `layers.0.self_attn.q_proj.lora_A.default.weight` under the name that peft saves for the same layer here. */
function adapterNames(tensors: ReadonlyMap<string, NdArray>): Map<string, NdArray> {
  return new Map(
    [...tensors].map(([name, value]) => {
      const [, layer, side] = /^(.+)\.lora_(.)\.default\.weight$/.exec(name)!;
      const ours = huggingFaceName(`${layer}.weight`)!.replace(/\.weight$/, "");
      return [`base_model.model.${ours}.lora_${side}.weight`, value];
    }),
  );
}

describe("LoRA on ESM2 against peft", () => {
  const { tensors } = golden("lora_esm2");
  const config = esm2Config({ numHiddenLayers: 2, hiddenSize: 24, numAttentionHeads: 4 });
  const weights = canonicalEsm2Names(below(tensors, "w."));
  const matrices = adapterNames(below(tensors, "lora."));
  const tokens = tensors.get("tokens")!;

  it("gives the recorded representation and the gradient of every matrix", async () => {
    const traced = trace(
      (w, { inputIds, lossWeights }) => {
        const y = esm2(withLora(w, loraDefaults), config, { inputIds }).representations[2]!;
        return { y, loss: mean(mul(y, lossWeights)) };
      },
      { inputIds: i64(...tokens.shape), lossWeights: f32(...tensors.get("loss_w")!.shape) },
    );
    const run = await differentiate(runtime, traced, {
      weights: new Map([...weights, ...matrices]),
      inputs: { inputIds: tokens, lossWeights: tensors.get("loss_w")! },
      isTrained: (name) => name.startsWith("base_model."),
    });
    expectClose(run.outputs.y, tensors.get("rep2"), forwardTolerance, "rep2");
    expectClose(run.outputs.loss, tensors.get("loss"), forwardTolerance, "loss");
    const recorded = adapterNames(below(tensors, "g."));
    expect([...run.gradients.keys()].sort()).toEqual([...recorded.keys()].sort());
    for (const [name, gradient] of recorded)
      expectClose(run.gradients.get(name), gradient, gradientTolerance, name);
  });

  it("gives the recorded representation when it is merged", async () => {
    const program = await compile(
      runtime,
      (w, { inputIds }) => ({ y: esm2(w, config, { inputIds }).representations[2]! }),
      { inputIds: i64(...tokens.shape) },
      { weights: mergeLora(weights, { config: loraDefaults, weights: matrices }) },
    );
    const { y } = await program.run({ inputIds: tokens });
    await program.close();
    expectClose(y, tensors.get("rep2_merged"), forwardTolerance, "rep2_merged");
  });
});
