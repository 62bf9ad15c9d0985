import { f32, initializeWeights, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type AutoencoderKlConfig, decode, encode } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crop } from "../../testing/atlas-fixture.ts";
import { createLatentCoder, latentBatch } from "./latents.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

describe("createLatentCoder", () => {
  const config: AutoencoderKlConfig = {
    ...{ inChannels: 2, outChannels: 2, latentChannels: 3 },
    ...{ blockOutChannels: [4, 4, 8], layersPerBlock: 1, normNumGroups: 2 },
  };
  const declared = trace((w, { x }) => ({ y: decode(w, config, encode(w, config, x).mean) }), {
    x: f32(1, 2, 16, 16),
  });
  const autoencoder = { config, weights: initializeWeights(declared.parameters, 1) };

  it("encodes to a quarter of the sides and decodes to [0, 1]", async () => {
    const coder = await createLatentCoder(runtime, autoencoder, 16);
    const image = new Float32Array(2 * 256).fill(0.5);
    const { mean, deviation } = await coder.encode(image, "a");
    expect(coder.latentSide).toBe(4);
    expect([mean.length, deviation.length]).toEqual([48, 48]);
    expect(deviation.every((value) => value > 0)).toBe(true);
    const decoded = await coder.decode(mean.map((value) => 100 * value));
    expect(decoded).toHaveLength(512);
    expect(decoded.every((value) => value >= 0 && value <= 1)).toBe(true);
    await coder.close();
  });

  it("computes an image once per key", async () => {
    const coder = await createLatentCoder(runtime, autoencoder, 16);
    const first = await coder.encode(new Float32Array(512), "a");
    expect(await coder.encode(new Float32Array(512).fill(1), "a")).toBe(first);
    expect(await coder.encode(new Float32Array(512).fill(1), "b")).not.toEqual(first);
    await coder.close();
  });
});

describe("latentBatch", () => {
  it("samples from the posterior of protein and nucleus, in units of the latents' scale", async () => {
    const side = 8;
    const options = { side, latentSide: 2, latentChannels: 3, latentScale: 2 };
    const encode = async (image: Float32Array, key: string) => ({
      mean: new Float32Array(12).fill(
        image.length === 2 * side ** 2 ? Number(key.split(" ")[0]) : Number.NaN,
      ),
      deviation: new Float32Array(12).fill(0.5),
    });
    const shown = [3, 7].map((index) => ({
      crop: crop({ index }),
      image: new Float32Array(3 * side ** 2),
      symmetry: 1,
    }));
    const { shape, data } = await latentBatch(shown, { encode }, options, new Float32Array(24).fill(2));
    expect(shape).toEqual([2, 3, 2, 2]);
    expect([data[0], data[12]]).toEqual([(3 + 0.5 * 2) / 2, (7 + 0.5 * 2) / 2]);
  });
});
