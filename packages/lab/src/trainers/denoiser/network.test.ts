import { describe, expect, it } from "vitest";
import { diffusionSchema } from "./config.ts";
import { isCrossAttention, unetConfigOf } from "./network.ts";

describe("the parameters that the sequence enters a denoiser by", () => {
  it.each([
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_q.weight",
    "up_blocks.1.attentions.2.transformer_blocks.0.norm2.bias",
    "time_embedding.cond_proj.weight",
    "extra.text.weight",
  ])("are %s", (name) => expect(isCrossAttention(name)).toBe(true));

  it.each([
    "down_blocks.0.resnets.0.norm2.weight",
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight",
    "mid_block.attentions.0.transformer_blocks.0.norm1.weight",
    "time_embedding.linear_1.weight",
    "conv_in.weight",
  ])("are not %s", (name) => expect(isCrossAttention(name)).toBe(false));
});

describe("the U-Net of a configuration", () => {
  it("has the nuclear distance as one more input channel, and the same blocks on the way up", () => {
    const model = diffusionSchema.shape.model.parse({
      ...{ blockOutChannels: [8, 16, 16], blocks: ["plain", "attention", "attention"], layersPerBlock: 1 },
      ...{ attentionHeads: 2, normNumGroups: 4 },
    });
    const unet = unetConfigOf({ model } as Parameters<typeof unetConfigOf>[0], {
      ...{ width: 24, latentChannels: 4, latentSide: 25 },
    });
    expect(unet).toMatchObject({ inChannels: 5, outChannels: 4, sampleSize: 25, crossAttentionDim: 24 });
    expect(unet.downBlockTypes).toEqual(["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"]);
    expect(unet.upBlockTypes).toEqual(["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]);
  });
});
