import { createWeights, float32, zeros } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { isCrossAttention, isOfDecoder, trainPart } from "./trained-part.ts";

const names = {
  resnet: "down_blocks.0.resnets.0.norm2.weight",
  query: "mid_block.attentions.0.transformer_blocks.0.attn2.to_q.weight",
};
const start = new Map(Object.values(names).map((name, i) => [name, float32([1], Float32Array.of(i))]));

describe("what the sequence enters a denoiser by", () => {
  it.each([
    names.query,
    "up_blocks.1.attentions.2.transformer_blocks.0.norm2.bias",
    "time_embedding.cond_proj.weight",
    "extra.text.weight",
  ])("is %s", (name) => expect(isCrossAttention(name)).toBe(true));

  it.each([
    names.resnet,
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight",
    "mid_block.attentions.0.transformer_blocks.0.norm1.weight",
    "time_embedding.linear_1.weight",
    "conv_in.weight",
  ])("is not %s", (name) => expect(isCrossAttention(name)).toBe(false));
});

it("tells an autoencoder's decoder from its encoder and from the discriminator", () => {
  const parts = [
    "encoder.conv_in.weight",
    "quant_conv.bias",
    "post_quant_conv.bias",
    "decoder.conv_out.weight",
  ];
  expect(parts.map((name) => isOfDecoder(`vae.${name}`))).toEqual([false, false, true, true]);
  expect(isOfDecoder("loss.discriminator.main.0.weight")).toBe(false);
});

describe("training a part", () => {
  it("leaves the names as they are where all is trained", () => {
    const part = trainPart("all", start);
    expect(part.prefix).toBe("");
    expect(part.rename(start)).toEqual(start);
    expect(part.complete(start)).toBe(start);
  });

  it.each([
    ["only_cross_attention", names.query, names.resnet],
    ["all_but_cross_attention", names.resnet, names.query],
  ] as const)("tells the parameters of %s by a prefix, in names and in values", (kind, trained, frozen) => {
    const part = trainPart(kind, start);
    expect([...part.rename(start).keys()].sort()).toEqual([frozen, `trained.${trained}`].sort());
    const declarations = { parameters: new Map(), updates: new Map() };
    const w = part.scope(createWeights(declarations));
    for (const name of [trained, frozen]) {
      const [first, ...rest] = name.split(".");
      w.at(first!, rest.slice(0, -1).join(".")).parameter(rest.at(-1)!, [1], zeros);
    }
    expect([...declarations.parameters.keys()].sort()).toEqual([frozen, `trained.${trained}`].sort());
  });

  it("gives back the whole network, what is trained anew and the rest as it was", () => {
    const part = trainPart("only_cross_attention", start);
    const learned = float32([1], Float32Array.of(9));
    const whole = part.complete(new Map([[`trained.${names.query}`, learned]]));
    expect([...whole]).toEqual([
      [names.resnet, start.get(names.resnet)],
      [names.query, learned],
    ]);
  });
});
