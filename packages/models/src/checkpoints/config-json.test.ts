import { describe, expect, it } from "vitest";
import { z } from "zod";
import { autoencoderKlDefaults } from "../autoencoder-kl/network.ts";
import { noiseScheduleDefaults } from "../diffusion/noise-schedule.ts";
import { esm2Presets } from "../esm2/network.ts";
import { unetDefaults } from "../unet/network.ts";
import { type ConfigFormat, formatConfig, parseConfig, size } from "./config-json.ts";
import { autoencoderKlFormat, esm2Format, noiseScheduleFormat, unetFormat } from "./model-configs.ts";

const format: ConfigFormat<{ headSize: number; inner?: { maxTokens: number } | undefined }> = {
  schema: z.object({ headSize: size, inner: z.object({ maxTokens: size }).optional() }),
  fixed: () => ({ _className: "Thing", useBias: false, scale: null }),
};

describe("a configuration", () => {
  it("is in snake case on disk and in camel case here, tables in it too", () => {
    const json = {
      _class_name: "Thing",
      use_bias: false,
      scale: null,
      head_size: 4,
      inner: { max_tokens: 7 },
    };
    const config = { headSize: 4, inner: { maxTokens: 7 } };
    expect(parseConfig(format, json, "x")).toEqual(config);
    expect(formatConfig(format, config)).toEqual(json);
  });

  it("may have fields that nobody here knows", () => {
    expect(parseConfig(format, { head_size: 4, _diffusers_version: "9", new_thing: true }, "x")).toEqual({
      headSize: 4,
    });
  });

  it("is refused where a field is wrong, by the name the file has for it", () => {
    expect(() => parseConfig(format, { head_size: 0, inner: { max_tokens: "7" } }, "x/config.json")).toThrow(
      /^x\/config\.json: head_size: .*; inner\.max_tokens: .*number/,
    );
  });

  it("is refused where it asks for what the network does not do", () => {
    expect(() => parseConfig(format, { head_size: 4, use_bias: true, scale: 2 }, "x")).toThrow(
      "x: use_bias is true, only false is supported; scale is 2, only null is supported",
    );
    expect(parseConfig(format, { head_size: 4, use_bias: null }, "x")).toEqual({ headSize: 4 });
  });
});

describe("the configurations of the networks", () => {
  it("come back from their files as they were", () => {
    const viaJson = <T extends object>(kind: ConfigFormat<T>, config: T): T =>
      parseConfig(kind, JSON.parse(JSON.stringify(formatConfig(kind, config))), "x");
    expect(viaJson(esm2Format, esm2Presets.t48_15B)).toEqual(esm2Presets.t48_15B);
    expect(viaJson(unetFormat, unetDefaults)).toEqual(unetDefaults);
    expect(viaJson(autoencoderKlFormat, autoencoderKlDefaults)).toEqual(autoencoderKlDefaults);
    expect(viaJson(noiseScheduleFormat, noiseScheduleDefaults)).toEqual(noiseScheduleDefaults);
  });

  it("must be whole: channels that groups and heads divide, a block type for each width", () => {
    const json = formatConfig(unetFormat, unetDefaults);
    expect(() => parseConfig(unetFormat, { ...json, block_out_channels: [128, 250, 512] }, "x")).toThrow(
      /multiples/,
    );
    expect(() => parseConfig(unetFormat, { ...json, down_block_types: ["DownBlock2D"] }, "x")).toThrow(
      /one number for each/,
    );
    expect(() =>
      parseConfig(unetFormat, { ...json, up_block_types: Array(3).fill("AttnUpBlock2D") }, "x"),
    ).toThrow(/up_block_types\.0/);
  });
});
