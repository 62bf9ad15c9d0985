import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type ConfigFormat, formatConfig, parseConfig, perLevel, size } from "./config-json.ts";

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

it("a long value is shortened where a message has it", () => {
  const failure = () => parseConfig(format, { head_size: 4, scale: Array(1000).fill(0.5) }, "x");
  expect(failure).toThrow(/^x: scale is \[0\.5,0\.5,.*\.\.\., only null is supported$/);
  expect(failure).toThrow(/^.{1,130}$/);
});

describe("a field that says nothing", () => {
  it.each([
    [null, false],
    [false, null],
    [[], null],
    [null, {}],
    [{}, []],
    [[], {}],
  ])("as %j is the same as %j", (found, value) => {
    const plain: ConfigFormat<object> = { schema: z.object({}), fixed: () => ({ rankPattern: value }) };
    expect(parseConfig(plain, { rank_pattern: found }, "x")).toEqual({});
    for (const other of [0, "", [1], { a: 1 }, true])
      expect(() => parseConfig(plain, { rank_pattern: other }, "x")).toThrow(/^x: rank_pattern is /);
  });
});

describe("a list that has a value for every level", () => {
  const format: ConfigFormat<{ layers: number }> = {
    schema: z.object({ layers: perLevel(size).default(2) }),
    fixed: () => ({ onlyCrossAttention: false, transformerLayers: 1 }),
  };

  it("counts as the value where all are equal", () => {
    expect(parseConfig(format, { layers: [3, 3, 3] }, "x")).toEqual({ layers: 3 });
    expect(parseConfig(format, { layers: 3 }, "x")).toEqual({ layers: 3 });
    expect(parseConfig(format, {}, "x")).toEqual({ layers: 2 });
    const fixed = { only_cross_attention: [false, false], transformer_layers: [1, [1, 1]] };
    expect(parseConfig(format, fixed, "x")).toEqual({ layers: 2 });
  });

  it("is refused by name where levels differ", () => {
    expect(() => parseConfig(format, { layers: [3, 4] }, "x")).toThrow(
      "x: layers: levels with values of their own are not supported",
    );
    expect(() => parseConfig(format, { layers: [] }, "x")).toThrow(/^x: layers: /);
    expect(() => parseConfig(format, { layers: [0, 0] }, "x")).toThrow(/^x: layers: /);
    expect(() => parseConfig(format, { transformer_layers: [1, 2] }, "x")).toThrow(
      "x: transformer_layers is [1,2], only 1 is supported",
    );
  });
});
