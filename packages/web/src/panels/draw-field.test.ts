import { expect, it } from "vitest";
import { fieldPixels } from "./draw-field.ts";

it("a field is grey, and its borders have the colour of the page", () => {
  const field = { width: 2, height: 1, stain: Float32Array.of(0.5, 1), borders: Uint8Array.of(0, 1) };
  expect([...fieldPixels(field)]).toEqual([128, 128, 128, 255, 255, 193, 77, 255]);
});
