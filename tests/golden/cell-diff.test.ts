// CELL-Diff v2 against the released code (Bo Huang Lab, MIT), whose recordings of the network are too large to ship, and
// against a second implementation with hashed weights, which agrees with them (fixtures/make_cell_diff_hash.py): the network on several sizes of latents and on a padded batch,
// its autoencoder, three runs of its samplers step by step, masked residues drawn one by one, and the tables of the
// schedule.
import { compile, f32, i64, type Runtime } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";
import {
  type AutoencoderKlConfig,
  declareParameters,
  decode,
  encode,
  esm2Config,
  fairEsmName,
  sampleLatent,
} from "@proteoscope/models";
import {
  type CellDiffConfig,
  type CellDiffSchedule,
  cellDiffCondition,
  cellDiffDdimStep,
  cellDiffDdpmStep,
  cellDiffDefinition,
  cellDiffDenoise,
  cellDiffKeyValues,
  cellDiffMaskId,
  cellDiffSchedule,
  cellDiffSequence,
  decodeCellDiff,
  openCellDiff,
  type Respacing,
  sampleCellDiff,
  sampleCellDiffSequence,
} from "@proteoscope/models/released";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deviceNames, openDevice } from "./devices.ts";
import { below, expectClose, golden, hashInput, hashParameter, wholeRecordings } from "./fixture.ts";
import type { Recorded } from "./reduced.ts";

const tolerance = { relative: 1e-4 };
const config: CellDiffConfig = {
  numStains: 3,
  sampleSize: 24,
  latentChannels: 4,
  blockOutChannels: [16, 24, 32, 32],
  layersPerBlock: 2,
  normNumGroups: 8,
  unetAttentionHeads: 4,
  hiddenSize: 64,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  maxTokens: 32,
  vocabSize: 32,
  esm: esm2Config({ numHiddenLayers: 2, hiddenSize: 64, numAttentionHeads: 4 }),
};
const autoencoder: AutoencoderKlConfig = {
  inChannels: 1,
  outChannels: 1,
  latentChannels: 4,
  blockOutChannels: [16, 16, 24],
  layersPerBlock: 1,
  normNumGroups: 8,
};

/** A program of one step for latents of a size and sequences of a length. */
function openStep(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  { sample, cell, tokens }: Readonly<Record<"sample" | "cell" | "tokens", NdArray>>,
) {
  return compile(
    runtime,
    (w, inputs) => {
      const sequence = cellDiffSequence(w, config, inputs.tokens);
      const keyValues = cellDiffKeyValues(w, config, sequence);
      const { sample, cell, timestep } = inputs;
      return { sequence, ...cellDiffDenoise(w, config, { sample, cell, timestep, sequence, keyValues }) };
    },
    {
      sample: f32(...sample.shape),
      cell: f32(...cell.shape),
      timestep: i64(sample.shape[0]!),
      tokens: i64(...tokens.shape),
    },
    { weights },
  );
}

/** All parameters, as a hash of their stored names fills them. */
function hashedWeights(): Map<string, NdArray> {
  const inside = "net.protein_sequence_embedding.model.";
  const model = { architecture: "cell-diff", config, weights: new Map() } as const;
  return new Map(
    [...declareParameters(model)].map(([name, { shape }]) => {
      const rest = name.startsWith(inside) ? fairEsmName(name.slice(inside.length)) : undefined;
      return [name, hashParameter(rest === undefined ? name : inside + rest, shape)];
    }),
  );
}

/** A part of an array along its first axis, which stays. */
function rows({ dtype, shape: [count = 1, ...rest], data }: NdArray, from: number, to = from + 1): NdArray {
  const size = data.length / count;
  return { dtype, shape: [to - from, ...rest], data: data.slice(from * size, to * size) as Float32Array };
}

const whole = wholeRecordings("celldiff_small");

describe.each(deviceNames)("CELL-Diff on %s", (device) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openDevice[device]();
  });
  afterAll(() => runtime.close());

  it.each([
    ["of the training size", "", 24],
    ["with an odd grid in the middle", "d.", 20],
  ])("predicts noise and logits for latents %s, of hashed weights", async (_, prefix, side) => {
    const { tensors } = golden("celldiff_hash");
    const inputs = {
      sample: hashInput(`${prefix}x`, [2, 4, side, side], 1.7),
      cell: hashInput(`${prefix}cell`, [2, 12, side, side], 1.7),
      timestep: tensors.get(`${prefix}in.t`)!,
      tokens: tensors.get(`${prefix}in.tokens`)!,
    };
    const program = await openStep(runtime, hashedWeights(), inputs);
    const outputs = await program.run(inputs);
    await program.close();
    expectClose(outputs.noise, tensors.get(`${prefix}out.img`), tolerance, "noise");
    expectClose(outputs.sequenceLogits, tensors.get(`${prefix}out.seq`), tolerance, "logits");
    expectClose(outputs.sequence, tensors.get("a.seq_embeds"), tolerance, "sequence");
  });

  describe.each(whole)("$title", ({ tensors }) => {
    const weights = cellDiffDefinition.canonicalNames!(below(tensors, "w."), undefined, "x");
    const at = (name: string): Recorded => tensors.get(name)!;

    it.each([
      ["of the training size", "", "in."],
      ["in a padded batch", "b.", "in."],
      ["that are smaller", "c.", ""],
      ["with an odd grid in the middle", "d.", ""],
    ])("predicts the recorded noise and logits for latents %s", async (_, prefix, shared) => {
      const [sample, cell] = [at(`${prefix}in.x`), at(`${prefix}in.cell`)];
      const [timestep, tokens] = (
        shared === "" ? ["in.t", "in.tokens"] : [`${prefix}in.t`, `${prefix}in.tokens`]
      ).map(at);
      const program = await openStep(runtime, weights, { sample, cell, tokens: tokens! });
      const outputs = await program.run({ sample, cell, timestep: timestep!, tokens: tokens! });
      await program.close();
      expectClose(outputs.noise, at(`${prefix}out.img`), tolerance, "noise");
      expectClose(outputs.sequenceLogits, at(`${prefix}out.seq`), tolerance, "logits");
      const sequence = tensors.get(`${prefix}a.seq_embeds`);
      if (sequence !== undefined) expectClose(outputs.sequence, sequence, tolerance, "sequence");
    });

    it("predicts the recorded noise along a run of its sampler", async () => {
      const [xs, eps, cell] = [at("ddim10.x"), at("ddim10.eps"), at("pipe.cell")];
      const tokens = at("in.tokens");
      const program = await openStep(runtime, weights, { sample: rows(xs, 0), cell, tokens });
      for (const [index, t] of [...(at("ddim10.t").data as BigInt64Array)].entries()) {
        const timestep: NdArray = { dtype: "int64", shape: [1], data: BigInt64Array.of(t) };
        const { noise } = await program.run({ sample: rows(xs, index), cell, timestep, tokens });
        expectClose(noise, rows(eps, index), tolerance, `noise at ${t}`);
      }
      await program.close();
    });

    it("draws masked residues from the recorded probabilities", async () => {
      const [sample, cell] = [at("in.x"), at("in.cell")];
      const tokens = BigInt64Array.from(at("seq.tokens").data as BigInt64Array);
      const shape = at("seq.tokens").shape;
      const program = await openStep(runtime, weights, { sample, cell, tokens: at("seq.tokens") });
      const masked = [...tokens.keys()].filter((place) => tokens[place] === BigInt(cellDiffMaskId));
      expect(masked).toHaveLength(4);
      for (const [step, place] of masked.entries()) {
        const { sequenceLogits } = await program.run({
          ...{ sample, cell },
          timestep: { dtype: "int64", shape: [1], data: BigInt64Array.of(0n) },
          tokens: { dtype: "int64", shape, data: tokens.slice() },
        });
        const logits = (sequenceLogits.data as Float32Array).subarray(place * 32 + 4, place * 32 + 24);
        const weights = logits.map((logit) => Math.exp(logit));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const found = { shape: [1, 20], data: weights.map((weight) => weight / total) };
        expectClose(found, rows(at("seq.p"), step), tolerance, `residue ${place}`);
        tokens[place] = (at("seq.drawn").data as BigInt64Array)[step]! + 4n;
      }
      await program.close();
      expect([...tokens]).toEqual([...(at("seq.out").data as BigInt64Array)]);
    });

    it("makes a picture of a sequence: the recorded run of its sampler, from noise to pixels", async () => {
      const noise = { ...rows(at("ddim10.x"), 0), shape: [1, 4, 24, 24] };
      const tokens = Array.from(at("in.tokens").data as BigInt64Array, Number);
      const steps: number[] = [];
      const latent = await sampleCellDiff(
        runtime,
        { config, weights },
        {
          ...{ tokens, cell: at("pipe.cell"), noise, respacing: "ddim10" },
          onStep: (done) => steps.push(done),
        },
      );
      expectClose(latent, rows(at("ddim10.x"), 10), tolerance, "latent");
      expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const vae = { config: autoencoder, weights: below(below(tensors, "w."), "vae.") };
      const picture = await decodeCellDiff(runtime, vae, latent);
      const u8 = Uint8Array.from(picture.data as Float32Array, (value) => value * 255 + 0.5);
      const recorded = at("ddim10.u8").data as Uint8Array;
      const most = u8.reduce((worst, value, i) => Math.max(worst, Math.abs(value - recorded[i]!)), 0);
      expect(most).toBeLessThanOrEqual(1); // a value at the border between two
    });

    it("takes the placeholder for stains that are missing, as the recorded run did", async () => {
      const nucleus: NdArray = {
        dtype: "float32",
        shape: [1, 4, 24, 24],
        data: (at("pipe.cell").data as Float32Array).slice(0, 4 * 576),
      };
      const cell = cellDiffCondition({ config, weights }, [nucleus]);
      const tokens = Array.from(at("in.tokens").data as BigInt64Array, Number);
      const stepper = await openCellDiff(runtime, { config, weights }, { tokens: 21, height: 24, width: 24 });
      await stepper.readSequence(tokens);
      for (const [index, t] of [...(at("nucl4.t").data as BigInt64Array)].entries()) {
        const { noise } = await stepper.step(rows(at("nucl4.x"), index), cell, Number(t));
        expectClose(
          { shape: [1, 4, 24, 24], data: noise },
          rows(at("nucl4.eps"), index),
          tolerance,
          `at ${t}`,
        );
      }
      await stepper.close();
    });

    it("fills masked residues with the recorded ones", async () => {
      const drawn = [...(at("seq.drawn").data as BigInt64Array)].map(Number);
      const filled = await sampleCellDiffSequence(
        runtime,
        { config, weights },
        {
          ...{ tokens: Array.from(at("seq.tokens").data as BigInt64Array, Number), cell: at("in.cell") },
          protein: at("in.x"),
          choose: () => drawn.shift()!,
        },
      );
      expect(filled).toEqual(Array.from(at("seq.out").data as BigInt64Array, Number));
    });

    it("encodes and decodes the recorded pictures", async () => {
      const stains = ["nucl", "er", "mt"].map((name) => at(`u8.${name}`));
      const image: NdArray = {
        dtype: "float32",
        shape: [3, 1, 96, 96],
        data: Float32Array.from(
          stains.flatMap(({ data }) => Array.from(data as Uint8Array, (v) => (v / 255) * 2 - 1)),
        ),
      };
      const program = await compile(
        runtime,
        (w, { x, noise, latent }) => {
          const { mean, logvar } = encode(w.at("vae"), autoencoder, x);
          return {
            ...{ mean, logvar },
            cell: sampleLatent({ mean, logvar }, noise),
            decoded: decode(w.at("vae"), autoencoder, latent),
          };
        },
        { x: f32(3, 1, 96, 96), noise: f32(3, 4, 24, 24), latent: f32(1, 4, 24, 24) },
        { weights: below(tensors, "w.") },
      );
      const noise: NdArray = { ...at("vae.noise"), shape: [3, 4, 24, 24] };
      const last = rows(at("ddim10.x"), 10);
      const outputs = await program.run({ x: image, noise, latent: last });
      await program.close();
      expectClose(outputs.mean, at("vae.mean"), tolerance, "mean");
      expectClose(outputs.logvar, at("vae.logvar"), tolerance, "logvar");
      const cell = { ...(outputs.cell as NdArray), shape: [1, 12, 24, 24] };
      expectClose(cell, at("pipe.cell"), tolerance, "cell");
      expectClose(outputs.decoded, at("ddim10.dec"), tolerance, "decoded");
    });
  });
});

describe.each([golden("celldiff_small"), ...whole])("the sampling of CELL-Diff, $title", ({ tensors }) => {
  const at = (name: string): Recorded => tensors.get(name)!;
  const step = (name: string, index: number): Float32Array => rows(at(name), index).data as Float32Array;

  it.each([
    ["ddim10", "ddim10"],
    ["nucl4", "4"],
    ["ddpm10", "10"],
  ] as const)("takes the recorded steps of %s", (run, respacing) => {
    const schedule = cellDiffSchedule(respacing);
    expect([...(at(`${run}.t`).data as BigInt64Array)].map(Number)).toEqual(schedule.timesteps.toReversed());
    for (let done = 0; done < schedule.timesteps.length; done += 1) {
      const index = schedule.timesteps.length - 1 - done;
      const state = { index, sample: step(`${run}.x`, done), noise: step(`${run}.eps`, done) };
      const next =
        run === "ddpm10"
          ? cellDiffDdpmStep(schedule, state, step("ddpm10.noise", done + 1))
          : cellDiffDdimStep(schedule, state);
      const shape = [next.length];
      expectClose(
        { shape, data: next },
        { shape, data: step(`${run}.x`, done + 1) },
        tolerance,
        `${run} ${index}`,
      );
    }
  });

  it.each(["full", "ddim100", "ddim50", "ddim10", "50", "10", "4"])(
    "has the recorded tables of %s",
    (name) => {
      const schedule: CellDiffSchedule = cellDiffSchedule(name === "full" ? "ddim200" : (name as Respacing));
      const recorded = (table: string) => tensors.get(`sched.${name}.${table}`);
      expect([...(recorded("t")!.data as BigInt64Array)].map(Number)).toEqual(schedule.timesteps);
      for (const [table, values] of Object.entries({
        alphas_cumprod: schedule.alphasCumprod,
        betas: schedule.betas,
        posterior_variance: schedule.posteriorVariance,
        posterior_mean_coef1: schedule.posteriorCoefficients.map(([start]) => start),
        posterior_mean_coef2: schedule.posteriorCoefficients.map(([, current]) => current),
      }))
        for (const [index, value] of [...((recorded(table)?.data ?? []) as Float64Array)].entries())
          expect(Math.abs(values[index]! - value), `${table} ${index}`).toBeLessThanOrEqual(1e-10);
    },
  );
});
