import { f32, initializeWeights, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type AutoencoderKlConfig, decode, encode } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLatentCoder } from "./latents.ts";

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

  it("answers a key that it has seen from memory", async () => {
    const coder = await createLatentCoder(runtime, autoencoder, 16);
    const first = await coder.encode(new Float32Array(512), "a");
    expect(await coder.encode(new Float32Array(512).fill(1), "a")).toBe(first);
    expect(await coder.encode(new Float32Array(512).fill(1), "b")).not.toEqual(first);
    await coder.close();
  });
});
