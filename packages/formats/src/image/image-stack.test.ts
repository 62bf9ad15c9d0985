import { describe, expect, it } from "vitest";
import { describeAxes, describeChannel, type ImageStack } from "./image-stack.ts";

const stack = (change: Partial<ImageStack>): ImageStack => ({
  ...{ width: 1, height: 1, sizeC: 1, sizeZ: 1, sizeT: 1, bitDepth: 8, channelNames: [] },
  series: { index: 0, count: 1 },
  readPlane: () => ({ dtype: "uint8", shape: [1, 1], data: new Uint8Array(1) }),
  ...change,
});

describe("describeAxes", () => {
  it.each<[Partial<ImageStack>, string]>([
    [{}, "only channel 0"],
    [{ channelNames: ["DAPI"] }, "only channel 0 (DAPI)"],
    [{ sizeC: 4 }, "channels 0 to 3"],
    [{ sizeC: 2, channelNames: ["GFP", "DAPI"], sizeZ: 5 }, "channels 0 (GFP) and 1 (DAPI), 5 planes of z"],
    [{ sizeC: 3, channelNames: [undefined, "DAPI"] }, "channels 0, 1 (DAPI) and 2"],
    [{ sizeC: 2, sizeT: 3 }, "channels 0 to 1, 3 time points"],
    [{ series: { index: 1, count: 4 } }, "only channel 0, image 1 of 4"],
    [
      { sizeC: 40, channelNames: Array.from({ length: 40 }, (_, channel) => `c${channel}`) },
      "channels 0 (c0), 1 (c1), 2 (c2), 3 (c3), 4 (c4), 5 (c5), 6 (c6), 7 (c7) and so on to 39",
    ],
  ])("says of %j: %s", (change, words) => {
    expect(describeAxes(stack(change))).toBe(words);
  });

  it("takes no time for what a file promises", () => {
    const words = describeAxes(stack({ sizeC: 1e9, channelNames: ["a"] }));
    expect(words).toBe("channels 0 (a), 1, 2, 3, 4, 5, 6, 7 and so on to 999999999");
  });
});

describe("describeChannel", () => {
  it("shows a name from a file without what would change a terminal, and not all of a long one", () => {
    expect(describeChannel(1, "a\u001b[31mb\u202ec")).toBe("1 (a\ufffd[31mb\ufffdc)");
    expect(describeChannel(1, "x".repeat(1000))).toBe(`1 (${"x".repeat(39)}\u2026)`);
  });
});
