import { expect, it } from "vitest";
import { isOfDecoder } from "./config.ts";

it.each([
  ["vae.encoder.conv_in.weight", false],
  ["vae.quant_conv.bias", false],
  ["vae.post_quant_conv.bias", true],
  ["vae.decoder.conv_out.weight", true],
  ["loss.discriminator.main.0.weight", false],
])("%s is used from the latents on: %s", (name, expected) => {
  expect(isOfDecoder(name)).toBe(expected);
});
