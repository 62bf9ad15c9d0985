// The whole pipeline against the reference: encoder, training loss with one sample dropped to the null condition, 50
// guided steps of DDIM, decoder. Weights and inputs come from the hash of their names, the last layers scaled down.
import {
  bool,
  clip,
  compile,
  f32,
  float32,
  i64,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { toFloat32 } from "@proteoscope/formats";
import { latentDistance } from "@proteoscope/imaging";
import {
  type AutoencoderKlConfig,
  autoencoderKlDefaults,
  compileDenoiser,
  createDdimSampler,
  decode,
  diffusionLoss,
  encode,
  linearNoiseSchedule,
  sampleLatent,
  sampleLatents,
  type UnetConfig,
  unetDefaults,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, it } from "vitest";
import { differentiate } from "./differentiate.ts";
import {
  expectClose,
  expectGradientSummary,
  forwardTolerance,
  golden,
  hashInput,
  hashWeights,
  type Tolerance,
} from "./fixture.ts";

const unetConfig: UnetConfig = {
  ...unetDefaults,
  blockOutChannels: [32, 32, 64],
  layersPerBlock: 1,
  crossAttentionDim: 24,
  timeCondProjDim: 24,
  normNumGroups: 8,
};
const autoencoderConfig: AutoencoderKlConfig = {
  ...autoencoderKlDefaults,
  blockOutChannels: [32, 64, 64],
  layersPerBlock: 1,
  normNumGroups: 8,
};
const schedule = linearNoiseSchedule();
const latentScale = 2.895;
const distanceScale = 11.29;
const sequence = hashInput("emb", [2, 9, 24], 1.7);
const firstNoise = hashInput("xT", [2, 4, 13, 13], 1.7);

// The random denoiser lets the states grow to hundreds, in float32: they are compared relative to the largest.
const stateTolerance: Tolerance = { absolute: 1e-6, relative: 1e-5 };

const file = golden("pipeline");
const recorded = (name: string) => file.tensors.get(name)!;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

function scale(values: NdArray, factor: number): NdArray {
  return float32(
    values.shape,
    toFloat32(values).map((value) => value * factor),
  );
}

/** Entry n of x [N, ...], with the first axis kept. */
function entry(x: NdArray, n: number): NdArray {
  const size = x.data.length / x.shape[0]!;
  return float32([1, ...x.shape.slice(1)], toFloat32(x).slice(n * size, (n + 1) * size));
}

/** The nuclear distance as the denoiser sees it. */
function nuclearCondition(): NdArray {
  const distances = hashInput("cond", [2, 52, 52], 10, 11);
  const condition = new Float32Array(2 * 13 * 13);
  for (const n of [0, 1])
    condition.set(latentDistance(toFloat32(entry(distances, n)), { height: 52, width: 52 }), n * 13 * 13);
  return scale(float32([2, 1, 13, 13], condition), 1 / distanceScale);
}

function autoencoderWeights(): Map<string, NdArray> {
  const model = trace(
    (w, { x }) => ({ y: decode(w, autoencoderConfig, encode(w, autoencoderConfig, x).mean) }),
    { x: f32(1, 2, 52, 52) },
  );
  const weights = hashWeights(model.parameters);
  weights.set("decoder.conv_out.weight", scale(weights.get("decoder.conv_out.weight")!, 0.2));
  return weights.set("decoder.conv_out.bias", float32([2], Float32Array.of(0.4, 0.4)));
}

function traceTrainingLoss() {
  return trace((w, batch) => ({ ...diffusionLoss(w, unetConfig, schedule, batch) }), {
    latents: f32(2, 4, 13, 13),
    distance: f32(2, 1, 13, 13),
    sequence: f32(2, 9, 24),
    mask: bool(2, 9),
    isDropped: bool(2),
    timestep: i64(2),
    noise: f32(2, 4, 13, 13),
  });
}

function unetWeights(): Map<string, NdArray> {
  const weights = hashWeights(traceTrainingLoss().parameters);
  return weights.set("conv_out.weight", scale(weights.get("conv_out.weight")!, 0.3));
}

describe("the pipeline against the reference", () => {
  it("encodes the image to scaled latents, and brings the nuclear distance to their grid", async () => {
    const program = await compile(
      runtime,
      (w, { img, noise }) => ({ latents: sampleLatent(encode(w, autoencoderConfig, img), noise) }),
      { img: f32(2, 2, 52, 52), noise: f32(2, 4, 13, 13) },
      { weights: autoencoderWeights() },
    );
    const { latents } = await program.run({
      img: hashInput("img", [2, 2, 52, 52], 0.5, 0.5),
      noise: hashInput("post_noise", [2, 4, 13, 13], 1.7),
    });
    expectClose(scale(latents, 1 / latentScale), recorded("latents"), forwardTolerance, "latents");
    expectClose(nuclearCondition(), recorded("latents_cond"), forwardTolerance, "latents_cond");
    await program.close();
  });

  it("has the loss of a batch with one sample dropped, and its gradients", async () => {
    const { outputs, gradients } = await differentiate(runtime, traceTrainingLoss(), {
      weights: unetWeights(),
      inputs: {
        latents: recorded("latents"),
        distance: recorded("latents_cond"),
        sequence,
        mask: recorded("mask"),
        isDropped: recorded("drop"),
        timestep: recorded("t"),
        noise: hashInput("noise", [2, 4, 13, 13], 1.7),
      },
    });
    expectClose(outputs.noisy, recorded("noisy"), forwardTolerance, "noisy");
    expectClose(outputs.prediction, recorded("noise_pred"), forwardTolerance, "noise_pred");
    expectClose(outputs.loss, recorded("loss"), forwardTolerance, "loss");
    const names = JSON.parse(file.metadata.keys!) as string[];
    expectGradientSummary(gradients, names, recorded("gnorm"), recorded("ghead"));
  });

  it("follows 50 guided steps of DDIM, each protein by itself and without its padding", async () => {
    const weights = unetWeights();
    const denoiser = await compileDenoiser(runtime, unetConfig, { weights, height: 13, width: 13 });
    const sampler = createDdimSampler(schedule, 50);
    const trajectory = recorded("traj"); // [50, 2, 4, 13, 13]
    for (const n of [0, 1]) {
      const residues = toFloat32(entry(recorded("mask"), n)).filter((value) => value === 1).length;
      const latents = await sampleLatents(denoiser, entry(firstNoise, n), {
        sampler,
        sequence: float32([1, residues, 24], toFloat32(entry(sequence, n)).slice(0, residues * 24)),
        distance: entry(recorded("latents_cond"), n),
        guidance: 3,
        onStep: ({ done, latents }) => {
          const states = entry(trajectory, done - 1);
          const expected = entry(float32(states.shape.slice(1), toFloat32(states)), n);
          expectClose(latents, expected, stateTolerance, `protein ${n}, step ${done}`);
        },
      });
      const expected = entry(recorded("latents_out"), n);
      expectClose(scale(latents, latentScale), expected, stateTolerance, "latents_out");
    }
    await denoiser.close();
  });

  it("decodes the latents to images between 0 and 1", async () => {
    const program = await compile(
      runtime,
      (w, { latents }) => ({ images: clip(decode(w, autoencoderConfig, latents), 0, 1) }),
      { latents: f32(2, 4, 13, 13) },
      { weights: autoencoderWeights() },
    );
    const { images } = await program.run({ latents: recorded("latents_out") });
    expectClose(images, recorded("images"), forwardTolerance, "images");
    await program.close();
  });
});
