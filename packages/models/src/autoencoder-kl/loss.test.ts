import {
  add,
  clip,
  createGenerator,
  createTrainer,
  exportOnnx,
  f32,
  grad,
  initializeWeights,
  mul,
  type NdArray,
  type Runtime,
  stopGradient,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  autoencoderLosses,
  type PerceptualAdversarialConfig,
  perceptualAdversarialDefaults,
  perceptualAdversarialLoss,
  reconstructionLosses,
} from "./loss.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const shape = [2, 2, 16, 16] as const;
const config: PerceptualAdversarialConfig = {
  ...perceptualAdversarialDefaults,
  perceptualWeight: 0,
  klWeight: 0.01,
  discriminator: { baseChannels: 4, layers: 2 },
};

const uniform = (name: string, size: readonly number[]): NdArray => ({
  dtype: "float32",
  shape: size,
  data: createGenerator(1, name).uniform(size.reduce((a, b) => a * b, 1)),
});
const factor = (value: number): NdArray => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });
const values = (array: NdArray | undefined) => [...(array!.data as Float32Array)];

type Results = Record<string, Tensor>;
type Inputs = Readonly<Record<"images" | "drawing" | "gain" | "pixelWeights" | "adversarialFactor", Tensor>>;

/** A stand-in for the decoder: drawing * gain, with one gain a channel as last layer. */
function lossOf(w: Weights, inputs: Inputs, options: Partial<PerceptualAdversarialConfig> = {}) {
  const { images, drawing, gain, pixelWeights, adversarialFactor } = inputs;
  const reconstruction = clip(mul(drawing, gain), 0, 1);
  const posterior = { mean: drawing, logvar: mul(drawing, 0) };
  const lossInputs = { images, reconstruction, posterior, lastLayer: gain, adversarialFactor, pixelWeights };
  return { reconstruction, ...perceptualAdversarialLoss(w, { ...config, ...options }, lossInputs) };
}

async function run(
  model: (w: Weights, inputs: Inputs) => Results,
  feeds: Readonly<Record<string, NdArray>> = {},
) {
  const inputs = {
    images: uniform("images", shape),
    drawing: uniform("drawing", shape),
    gain: { dtype: "float32", shape: [1, 2, 1, 1], data: Float32Array.of(0.8, 1.1) } as NdArray,
    pixelWeights: { dtype: "float32", shape, data: new Float32Array(1024).fill(1) } as NdArray,
    adversarialFactor: factor(1),
    ...feeds,
  };
  const types = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, f32(...shape)]));
  const traced = trace((w, tensors) => model(w, tensors as Inputs), types);
  const session = await runtime.load(exportOnnx(traced, initializeWeights(traced.parameters, 2)));
  const used = [...traced.inputs.keys()].map((name) => [name, inputs[name as keyof typeof inputs]] as const);
  const results = await session.run(Object.fromEntries(used));
  await session.close();
  return results;
}

describe("the loss", () => {
  it("has the gradient of its plain sum with the adaptive weight held fixed", async () => {
    const results = await run((w, inputs) => {
      const { losses, metrics } = lossOf(w, inputs);
      const weight = stopGradient(mul(metrics.adaptiveWeight, inputs.adversarialFactor));
      const plain = add(
        add(metrics.reconstructionLoss, mul(metrics.klDivergence, config.klWeight)),
        mul(weight, metrics.adversarialLoss),
      );
      const targets = [inputs.drawing, inputs.gain];
      const [drawing, gain] = grad(losses.autoencoder, targets);
      const [plainDrawing, plainGain] = grad(plain, targets);
      return {
        value: losses.autoencoder,
        plain,
        ours0: drawing!,
        ours1: gain!,
        plain0: plainDrawing!,
        plain1: plainGain!,
      };
    });
    expect(values(results.value)[0]! / values(results.plain)[0]!).toBeCloseTo(1, 5);
    for (const [ours, plain] of [
      ["ours0", "plain0"],
      ["ours1", "plain1"],
    ] as const) {
      const wanted = values(results[plain]);
      const scale = Math.max(...wanted.map(Math.abs));
      expect(scale).toBeGreaterThan(0);
      values(results[ours]).forEach((value, i) => {
        expect(Math.abs(value - wanted[i]!) / scale).toBeLessThan(1e-5);
      });
    }
  });

  it("gives both sides the same strength at the last layer", async () => {
    const { reconstruction, adversarial, weight } = await run((w, inputs) => {
      const { metrics } = lossOf(w, inputs);
      const [reconstruction] = grad(metrics.reconstructionLoss, [inputs.gain]);
      const [adversarial] = grad(metrics.adversarialLoss, [inputs.gain]);
      return { reconstruction: reconstruction!, adversarial: adversarial!, weight: metrics.adaptiveWeight };
    });
    const strength = values(weight)[0]! * (Math.hypot(...values(adversarial)) + 1e-4);
    expect(strength / Math.hypot(...values(reconstruction))).toBeCloseTo(1, 4);
  });

  it("knows no discriminator before its start, and the discriminator no loss", async () => {
    const model = (w: Weights, inputs: Inputs) => {
      const { losses, metrics } = lossOf(w, inputs);
      const plain = add(metrics.reconstructionLoss, mul(metrics.klDivergence, config.klWeight));
      const [gradient] = grad(losses.autoencoder, [inputs.drawing]);
      const [plainGradient] = grad(plain, [inputs.drawing]);
      return { ...losses, plain, gradient: gradient!, plainGradient: plainGradient! };
    };
    const before = await run(model, { adversarialFactor: factor(0) });
    const after = await run(model, { adversarialFactor: factor(1) });
    expect(values(before.discriminator)).toEqual([0]);
    expect(values(before.autoencoder)[0]! / values(before.plain)[0]!).toBeCloseTo(1, 5);
    const difference = (results: Record<string, NdArray>) => {
      const plain = values(results.plainGradient);
      return Math.max(...values(results.gradient).map((value, i) => Math.abs(value - plain[i]!)));
    };
    expect(difference(before)).toBeLessThan(1e-5);
    expect(difference(after)).toBeGreaterThan(1e-3);
    expect(values(after.discriminator)[0]).toBeGreaterThan(0);
  });

  it("honours the weight of each pixel and of the pixel term as a whole", async () => {
    const model = (pixelWeight: number) => (w: Weights, inputs: Inputs) => {
      const { metrics, reconstruction } = lossOf(w, inputs, { pixelWeight });
      const [gradient] = grad(metrics.reconstructionLoss, [reconstruction]);
      return { loss: metrics.reconstructionLoss, gradient: gradient! };
    };
    const half = Float32Array.from({ length: 1024 }, (_, i) => (i % 16 < 8 ? 1 : 0));
    const weighted = await run(model(1), { pixelWeights: { dtype: "float32", shape, data: half } });
    values(weighted.gradient).forEach((value, i) => {
      expect(Math.abs(value)).toBe(i % 16 < 8 ? 0.5 : 0); // a half: the mean of two images
    });
    const [once, thrice] = [await run(model(1)), await run(model(3))];
    expect(values(thrice.loss)[0]! / values(once.loss)[0]!).toBeCloseTo(3, 5);
  });

  it("adds the squared error by its weight", async () => {
    const model = (w: Weights, inputs: Inputs) => {
      const loss = (squaredWeight: number) => lossOf(w, inputs, { squaredWeight }).metrics.reconstructionLoss;
      const { reconstruction } = lossOf(w, inputs);
      return { reconstruction, without: loss(0), with: loss(3) };
    };
    const results = await run(model);
    const images = values(uniform("images", shape));
    const squares = values(results.reconstruction).map((value, i) => (value - images[i]!) ** 2);
    const added = (3 / shape[0]) * squares.reduce((sum, square) => sum + square, 0);
    expect((values(results.with)[0]! - values(results.without)[0]!) / added).toBeCloseTo(1, 3);
  });

  it("adds the perceptual distance to every pixel", async () => {
    const results = await run(
      (w, inputs) => {
        const withDistance = lossOf(w, inputs, {
          perceptualWeight: 2,
          perceptualNetwork: "squeezenet1.1",
        }).metrics;
        const without = lossOf(w, inputs).metrics.reconstructionLoss;
        return { with: withDistance.reconstructionLoss, without, distance: withDistance.perceptualDistance };
      },
      {
        images: uniform("large", [2, 2, 32, 32]),
        drawing: uniform("larger", [2, 2, 32, 32]),
        pixelWeights: factor(1),
      },
    );
    const added = values(results.with)[0]! - values(results.without)[0]!;
    expect(values(results.distance)[0]).toBeGreaterThan(0);
    expect(added / (2 * 32 * 32 * 2 * values(results.distance)[0]!)).toBeCloseTo(1, 3);
  });

  it("needs no perceptual network where that has no weight", () => {
    const types = { images: f32(2, 2, 32, 32), noise: f32(2, 4, 8, 8), adversarialFactor: f32() };
    const names = (perceptualWeight: number) => {
      const both = { autoencoder, loss: { ...config, perceptualWeight } };
      return [...trace((w, inputs) => autoencoderLosses(w, both, inputs).losses, types).parameters.keys()];
    };
    expect(names(0).some((name) => name.startsWith("loss.perceptual_loss."))).toBe(false);
    expect(names(2)).toContain("loss.perceptual_loss.lin4.model.1.weight");
  });

  it("refuses a last layer on which the reconstruction does not depend", async () => {
    const model = (w: Weights, { images, drawing, gain, adversarialFactor }: Inputs) => {
      const posterior = { mean: drawing, logvar: drawing };
      const lossInputs = { images, reconstruction: drawing, posterior, lastLayer: gain, adversarialFactor };
      return perceptualAdversarialLoss(w, config, lossInputs).losses;
    };
    await expect(run(model)).rejects.toThrow("does not depend on lastLayer");
  });
});

const autoencoder = {
  inChannels: 2,
  outChannels: 2,
  latentChannels: 4,
  blockOutChannels: [8, 16, 16],
  layersPerBlock: 1,
  normNumGroups: 4,
};

describe("reconstructionLosses", () => {
  const types = { images: f32(2, 2, 16, 16), noise: f32(2, 4, 4, 4), adversarialFactor: f32() };
  const both = { autoencoder, loss: { ...config, squaredWeight: 2 } };

  it("is the loss before the discriminator's start, and knows no discriminator", async () => {
    const traced = trace((w, inputs) => {
      const [alone, adversarial] = [
        reconstructionLosses(w, both, inputs),
        autoencoderLosses(w, both, inputs),
      ];
      return { alone: alone.losses.autoencoder, adversarial: adversarial.losses.autoencoder };
    }, types);
    const session = await runtime.load(exportOnnx(traced, initializeWeights(traced.parameters, 3)));
    const { alone, adversarial } = await session.run({
      images: uniform("pictures", [2, 2, 16, 16]),
      noise: uniform("noise", [2, 4, 4, 4]),
      adversarialFactor: factor(0),
    });
    await session.close();
    expect(values(alone)[0]! / values(adversarial)[0]!).toBeCloseTo(1, 5);
    const lone = trace((w, inputs) => reconstructionLosses(w, both, inputs).losses, types);
    expect([...lone.parameters.keys()].filter((name) => !name.startsWith("vae."))).toEqual([]);
  });
});

describe("training by it", () => {
  it("draws the images better and better, through the discriminator's start, in one graph", async () => {
    const types = { images: f32(4, 2, 16, 16), noise: f32(4, 4, 4, 4), adversarialFactor: f32() };
    const both = { autoencoder, loss: { ...config, klWeight: 1e-6, discriminatorWeight: 0.1 } };
    const declared = trace((w, inputs) => autoencoderLosses(w, both, inputs).losses, types);
    const trainer = await createTrainer(runtime, (w, inputs) => autoencoderLosses(w, both, inputs), types, {
      groups: {
        autoencoder: { prefix: "vae.", learningRate: () => 3e-3 },
        discriminator: { prefix: "loss.discriminator.", learningRate: () => 1e-3 },
      },
      weights: initializeWeights(declared.parameters, 4),
      seed: 1,
    });
    // Smooth pictures: a bright disc at another position in each image.
    const disc = Float32Array.from({ length: 4 * 2 * 256 }, (_, i) => {
      const [image, row, column] = [Math.floor(i / 512), Math.floor(i / 16) % 16, i % 16];
      return Math.exp(-((row - 4 - 2 * image) ** 2 + (column - 8) ** 2) / 12);
    });
    const history: Record<string, number>[] = [];
    for (let step = 0; step < 40; step++) {
      history.push(
        await trainer.step({
          images: { dtype: "float32", shape: [4, 2, 16, 16], data: disc },
          noise: { dtype: "float32", shape: [4, 4, 4, 4], data: createGenerator(step, "noise").normal(256) },
          adversarialFactor: factor(step < 20 ? 0 : 1),
        }),
      );
    }
    const weights = await trainer.weights();
    await trainer.close();
    const losses = history.map(({ reconstructionLoss }) => reconstructionLoss!);
    expect(losses[19]).toBeLessThan(0.7 * losses[0]!);
    expect(losses[39]).toBeLessThan(0.9 * losses[19]!);
    const hinge = history.map((metrics) => metrics["loss.discriminator"]!);
    expect(hinge.slice(0, 20)).toEqual(Array(20).fill(0));
    expect(hinge.slice(20).every((value) => value > 0)).toBe(true);
    expect(values(weights.get("loss.discriminator.main.3.running_var"))).not.toEqual(Array(8).fill(1));
  });
});
