import { describe, expect, it } from "vitest";
import { formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { isRecognized } from "../checkpoints/recognize.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { unetDefinition, unetFormat } from "./definition.ts";
import { unetDefaults } from "./network.ts";

const json = formatConfig(unetFormat, unetDefaults);
const parse = (changes: Json) => parseConfig(unetFormat, { ...json, ...changes }, "x");

describe("the configuration of a denoiser", () => {
  it("comes back from its file as it was", () => {
    expect(parseConfig(unetFormat, JSON.parse(JSON.stringify(json)), "x")).toEqual(unetDefaults);
  });

  it("must be whole: channels that groups and heads divide, a block type for each width", () => {
    expect(() => parse({ block_out_channels: [128, 250, 512] })).toThrow(/multiples/);
    expect(() => parse({ down_block_types: ["DownBlock2D"] })).toThrow(/one number for each/);
    expect(() => parse({ up_block_types: Array(3).fill("AttnUpBlock2D") })).toThrow(/up_block_types\.0/);
  });

  it("may have one value for every level, and a square as two sides", () => {
    const perLevel = {
      sample_size: [25, 25],
      layers_per_block: [2, 2, 2],
      cross_attention_dim: [1280, 1280, 1280],
      attention_head_dim: [8, 8, 8],
      only_cross_attention: [false, false, false],
      transformer_layers_per_block: [1, 1, 1],
    };
    expect(parse(perLevel)).toEqual(unetDefaults);
    expect(parse({ sample_size: null }).sampleSize).toBe(25);
  });

  it.each([
    ["sides that differ", { sample_size: [25, 32] }, /sample_size: levels with values of their own/],
    ["layers that differ", { layers_per_block: [2, 3, 2] }, /layers_per_block: levels with values/],
    ["heads that differ", { attention_head_dim: [5, 10, 20] }, /attention_head_dim: levels with values/],
    [
      "more transformers in a level",
      { transformer_layers_per_block: [1, 2, 10] },
      /transformer_layers_per_block is \[1,2,10\], only 1/,
    ],
    ["cross-attention alone", { only_cross_attention: [true, false, false] }, /only_cross_attention is /],
    ["classes", { class_embed_type: "timestep" }, /class_embed_type is "timestep", only null/],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});

describe("a bare state dict of a denoiser", () => {
  it("is recognised, and shows all sizes", () => {
    const weights = bareStateDict(unetDefinition, unetDefaults);
    expect(isRecognized(unetDefinition, weights)).toBe(true);
    expect(inferredConfig(unetDefinition, weights)).toEqual(unetDefaults);
    const plain = { ...unetDefaults, timeCondProjDim: null, layersPerBlock: 3, crossAttentionDim: 64 };
    expect(inferredConfig(unetDefinition, bareStateDict(unetDefinition, plain))).toEqual(plain);
  });

  it("names the tensor whose size is missing", () => {
    const weights = bareStateDict(unetDefinition, unetDefaults);
    expect(isRecognized(unetDefinition, new Map([["conv1.weight", weights.get("conv_in.weight")!]]))).toBe(
      false,
    );
    weights.delete("down_blocks.1.resnets.0.conv1.weight");
    expect(() => inferredConfig(unetDefinition, weights)).toThrow(
      /x: without config\.json, down_blocks\.1\.resnets\.0\.conv1\.weight is needed/,
    );
  });
});
