import type { NdArray } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { autoencoderKlDefaults } from "../autoencoder-kl/network.ts";
import { fairEsmStateDict } from "../esm2/names.ts";
import { esm2Config, esm2Presets } from "../esm2/network.ts";
import { unetDefaults } from "../unet/network.ts";
import { declareParameters, type Pretrained, type StateDict } from "./architectures.ts";
import { parseConfig } from "./config-json.ts";
import { inferConfig, recognizeNames } from "./infer-config.ts";
import { autoencoderKlFormat, esm2Format, unetFormat } from "./model-configs.ts";

/** Names and shapes of a network, without values. */
function shapesOf(model: Pretrained): Map<string, NdArray> {
  return new Map(
    [...declareParameters(model)].map(([name, { shape }]): [string, NdArray] => [
      name,
      { dtype: "float32", shape, data: new Float32Array(0) },
    ]),
  );
}

const none: StateDict = new Map();

describe("a bare state dict", () => {
  it("tells the denoiser and all its sizes", () => {
    const weights = shapesOf({ architecture: "unet", config: unetDefaults, weights: none });
    expect(recognizeNames(weights)).toBe("unet");
    expect(parseConfig(unetFormat, inferConfig("unet", weights, weights, "x"), "x")).toEqual(unetDefaults);
    const plain = { ...unetDefaults, timeCondProjDim: null, layersPerBlock: 3, crossAttentionDim: 64 };
    const other = shapesOf({ architecture: "unet", config: plain, weights: none });
    expect(parseConfig(unetFormat, inferConfig("unet", other, other, "x"), "x")).toEqual(plain);
  });

  it("tells the autoencoder and all its sizes", () => {
    const weights = shapesOf({ architecture: "autoencoder", config: autoencoderKlDefaults, weights: none });
    expect(recognizeNames(weights)).toBe("autoencoder");
    expect(parseConfig(autoencoderKlFormat, inferConfig("autoencoder", weights, weights, "x"), "x")).toEqual(
      autoencoderKlDefaults,
    );
  });

  it("tells a released ESM2 by its sizes, its heads too", () => {
    const weights = shapesOf({ architecture: "esm2", config: esm2Presets.t12_35M, weights: none });
    expect(recognizeNames(weights)).toBe("esm2");
    const { numAttentionHeads } = parseConfig(esm2Format, inferConfig("esm2", weights, weights, "x"), "x");
    expect(numAttentionHeads).toBe(20);
  });

  it("tells another ESM2 by its rotary frequencies or its contact head, and else says what is not told", () => {
    const config = esm2Config({ hiddenSize: 24, numHiddenLayers: 3, numAttentionHeads: 2 });
    const weights = shapesOf({ architecture: "esm2", config, weights: none });
    const heads = (from: StateDict, stored: StateDict) =>
      inferConfig("esm2", from, stored, "x").num_attention_heads;
    expect(heads(weights, fairEsmStateDict(weights, 12))).toBe(2);
    const contact: NdArray = { dtype: "float32", shape: [1, 6], data: new Float32Array(6) };
    const withContacts = new Map([...weights, ["esm.contact_head.regression.weight", contact] as const]);
    expect(heads(withContacts, withContacts)).toBe(2);
    expect(() => heads(weights, weights)).toThrow(/x: the number of attention heads is not told/);
  });

  it("of no known network is none, and one with a hole says where", () => {
    const weights = shapesOf({ architecture: "unet", config: unetDefaults, weights: none });
    expect(recognizeNames(new Map([["conv1.weight", weights.get("conv_in.weight")!]]))).toBeUndefined();
    weights.delete("down_blocks.1.resnets.0.conv1.weight");
    expect(() => inferConfig("unet", weights, weights, "x")).toThrow(
      /x: without config\.json, down_blocks\.1\.resnets\.0\.conv1\.weight is needed/,
    );
  });
});
