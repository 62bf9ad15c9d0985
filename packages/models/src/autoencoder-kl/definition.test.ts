import { describe, expect, it } from "vitest";
import { formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { isRecognized } from "../checkpoints/recognize.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { autoencoderKlDefinition, autoencoderKlFormat } from "./definition.ts";
import { autoencoderKlDefaults } from "./network.ts";

const json = formatConfig(autoencoderKlFormat, autoencoderKlDefaults);
const parse = (changes: Json) => parseConfig(autoencoderKlFormat, { ...json, ...changes }, "x");

describe("the configuration of an autoencoder", () => {
  it("comes back from its file as it was", () => {
    expect(parseConfig(autoencoderKlFormat, JSON.parse(JSON.stringify(json)), "x")).toEqual(
      autoencoderKlDefaults,
    );
  });

  it.each([
    ["another activation", { act_fn: "relu" }, /act_fn is "relu", only "silu" is supported/],
    ["no convolution of the latents", { use_quant_conv: false }, /use_quant_conv is false, only true/],
    ["blocks of another kind", { down_block_types: ["AttnDownEncoderBlock2D"] }, /down_block_types is /],
    ["channels that groups do not divide", { norm_num_groups: 7 }, /must be multiples of norm_num_groups/],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});

describe("a bare state dict of an autoencoder", () => {
  it("is recognised, and shows all sizes", () => {
    const weights = bareStateDict(autoencoderKlDefinition, autoencoderKlDefaults);
    expect(isRecognized(autoencoderKlDefinition, weights)).toBe(true);
    expect(inferredConfig(autoencoderKlDefinition, weights)).toEqual(autoencoderKlDefaults);
  });
});
