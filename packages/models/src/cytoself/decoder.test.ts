import { f32, trace } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { cytoselfDecoder, type DecoderShape, doublingsBetween } from "./decoder.ts";

const size = (height: number, width = height) => ({ height, width });

/** Names and shapes of a decoder's kernels, and the shape of what it makes. */
function describeDecoder(input: readonly number[], target: DecoderShape) {
  const { parameters, outputs } = trace(
    (w, { x }) => ({ y: cytoselfDecoder(w, x, target, { training: false }) }),
    { x: f32(...input) },
  );
  const kernels = [...parameters].filter(([, { shape }]) => shape.length === 4);
  return {
    output: outputs.y.shape,
    kernels: kernels.map(([name, { shape }]) => `${name.replace("decoder.", "")} ${shape[1]}->${shape[0]}`),
    parameters,
  };
}

describe("a decoder of cytoself", () => {
  it("doubles the sides as often as it must", () => {
    expect(doublingsBetween(size(25), size(100))).toBe(2);
    expect(doublingsBetween(size(4), size(25))).toBe(3); // by way of 7 and 13
    expect(doublingsBetween(size(4, 2), size(8, 16))).toBe(3); // the side that needs most
    expect(doublingsBetween(size(4), size(4))).toBe(0);
  });

  it("halves its width at each doubling and ends an image in a convolution alone", () => {
    const { output, kernels, parameters } = describeDecoder([3, 8, 5, 5], {
      ...size(20),
      channels: 2,
      isLinear: true,
    });
    expect(output).toEqual([3, 2, 20, 20]);
    expect(kernels).toEqual([
      ...[1, 2].flatMap((block) => [
        `resrep1.res_repeat.res${block}.conv1.conv.weight 8->8`,
        `resrep1.res_repeat.res${block}.conv2.weight 8->8`,
      ]),
      "resrep1last.conv.weight 8->4",
      ...[1, 2].flatMap((block) => [
        `resrep2.res_repeat.res${block}.conv1.conv.weight 4->4`,
        `resrep2.res_repeat.res${block}.conv2.weight 4->4`,
      ]),
      "resrep2last.conv.weight 4->2",
      "output_conv.weight 2->2",
    ]);
    expect([...parameters.keys()].filter((name) => /bias|bn\.weight|bn2\.weight/.test(name))).toEqual([]);
  });

  it("ends the code of a level as its blocks end, at the width of that code", () => {
    const { output, kernels } = describeDecoder([1, 6, 3, 2], {
      ...size(5, 4),
      channels: 6,
      isLinear: false,
    });
    expect(output).toEqual([1, 6, 5, 4]);
    expect(kernels.at(-1)).toBe("resrep1last.conv.weight 6->6");
  });
});
