import { f32, type NdArray, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { autoencoderKlDefaults, autoencoderLosses, perceptualAdversarialDefaults } from "@proteoscope/models";
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
  hashParameter,
} from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const file = golden("lpips_disc_loss");
const heads = golden("lpips_vgg_hash");
const config = {
  autoencoder: {
    ...autoencoderKlDefaults,
    blockOutChannels: [32, 64, 64],
    layersPerBlock: 1,
    normNumGroups: 8,
  },
  loss: perceptualAdversarialDefaults,
};

function traceLoss(loss: "autoencoder" | "discriminator") {
  return trace(
    (w, inputs) => {
      const { losses, metrics, reconstruction } = autoencoderLosses(w, config, inputs);
      return { ...metrics, reconstruction, loss: losses[loss] };
    },
    { images: f32(2, 2, 32, 32), noise: f32(2, 4, 8, 8), adversarialFactor: f32() },
  );
}

/** The recorded weights: hashes of the networks' own names, but for a last layer that keeps to [0, 1]. */
function recordedWeights(
  names: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): Map<string, NdArray> {
  const weights = [...names].map(([name, { shape }]): [string, NdArray] => {
    const own = name.replace(/^(vae|loss\.discriminator|loss\.perceptual_loss)\./, "");
    if (own.startsWith("lin")) return [name, heads.tensors.get(own.slice(0, 4))!];
    if (own === "decoder.conv_out.bias")
      return [name, { dtype: "float32", shape, data: new Float32Array(2).fill(0.5) }];
    const value = hashParameter(own, shape);
    if (own !== "decoder.conv_out.weight") return [name, value];
    return [name, { ...value, data: (value.data as Float32Array).map((x) => x * 0.2) }];
  });
  return new Map(weights);
}

async function run(loss: "autoencoder" | "discriminator", step: number) {
  const traced = traceLoss(loss);
  const factor = step >= 2400 ? 1 : 0;
  const prefix = loss === "autoencoder" ? "vae." : "loss.discriminator.";
  const result = await differentiate(runtime, traced, {
    weights: recordedWeights(traced.parameters),
    inputs: {
      images: hashInput("lx", [2, 2, 32, 32], 0.5, 0.5),
      noise: hashInput("lnoise", [2, 4, 8, 8], 1.7),
      adversarialFactor: { dtype: "float32", shape: [], data: Float32Array.of(factor) },
    },
    isTrained: (name) => name.startsWith(prefix),
  });
  return { ...result, gradients: below(result.gradients, prefix) };
}

describe("the autoencoder's loss against the reference, before and after the discriminator's start", () => {
  for (const step of [0, 2400]) {
    const recorded = (name: string) => file.tensors.get(`s${step}.${name}`)!;

    it(`lpips_disc_loss, step ${step}: the autoencoder's loss, its parts and gradients`, async () => {
      const { outputs, gradients, updates } = await run("autoencoder", step);
      expectClose(outputs.reconstruction, recorded("rec"), forwardTolerance, "reconstruction");
      const relative = { relative: 1e-5, absolute: 1e-7 };
      expectClose(outputs.loss, recorded("ae_loss"), relative, "loss");
      for (const [name, key] of [
        ["reconstructionLoss", "nll_loss"],
        ["klDivergence", "kl_loss"],
        ["adversarialLoss", "g_loss"],
        ["realLogit", "logits_real"],
        ["fakeLogit", "logits_fake"],
      ] as const)
        expectClose(outputs[name], recorded(`train_${key}`), { relative: 1e-4, absolute: 1e-6 }, name);
      expectClose(outputs.adaptiveWeight, recorded("train_d_weight"), { relative: 1e-3 }, "adaptive weight");
      const distances = [...(recorded("p0").data as Float32Array), ...(recorded("p1").data as Float32Array)];
      const distance = distances.reduce((a, b) => a + b) / distances.length;
      expect((outputs.perceptualDistance!.data as Float32Array)[0]).toBeCloseTo(distance, 6);
      // Step 0's file holds step 2400's array under this name; its norm and first values, below, are its own.
      if (step === 2400)
        expectClose(
          gradients.get("decoder.conv_out.weight"),
          recorded("g_conv_out"),
          gradientTolerance,
          "last layer",
        );
      const names = JSON.parse(file.metadata.keys!).vae as string[];
      expectGradientSummary(gradients, names, recorded("gnorm"), recorded("ghead"), {
        hasKinks: true,
      });
      expect(updates.size).toBe(6);
      for (const [name, value] of updates)
        expectClose(value, recorded(name.replace("loss.discriminator.", "after.")), forwardTolerance, name);
    });

    it(`lpips_disc_loss, step ${step}: the discriminator's loss and gradients`, async () => {
      const { outputs, gradients } = await run("discriminator", step);
      expectClose(outputs.loss, recorded("d_loss"), forwardTolerance, "loss");
      const names = JSON.parse(file.metadata.keys!).disc as string[];
      expectGradientSummary(gradients, names, recorded("d_gnorm"), recorded("d_ghead"));
    });
  }
});
