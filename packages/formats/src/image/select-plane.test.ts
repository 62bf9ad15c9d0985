import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { drawDiscs, side } from "../testing/discs.ts";
import type { ImageStack, PlaneIndex } from "./image-stack.ts";
import {
  describeSelection,
  type ImageSelectionError,
  type SelectPlaneOptions,
  selectPlane,
} from "./select-plane.ts";

/** Planes of 2 x 2 whose values encode their indices: 100 c + 10 z + t, but for what `draw` gives. */
function stackOf(
  change: Partial<ImageStack> = {},
  draw?: (at: PlaneIndex) => Float32Array | undefined,
): ImageStack {
  return {
    ...{ width: 2, height: 2, sizeC: 2, sizeZ: 1, sizeT: 1, bitDepth: 16, channelNames: ["GFP", "DAPI"] },
    series: { index: 0, count: 1 },
    readPlane: (at) => ({
      dtype: "float32",
      shape: [2, 2],
      data: draw?.(at) ?? new Float32Array(4).fill(100 * at.c + 10 * at.z + at.t),
    }),
    ...change,
  };
}

const refusal = (stack: ImageStack, options: SelectPlaneOptions) =>
  selectPlane(stack, options).then(
    () => "selected",
    (error: ImageSelectionError) => `${error.name} ${error.axis}: ${error.message}`,
  );

describe("the channel", () => {
  it.each<[number | string, number]>([
    [0, 0],
    [1, 1],
    ["1", 1],
    [" 0 ", 0],
    ["DAPI", 1],
    ["dapi ", 1],
    ["gfp", 0],
  ])("is chosen as %j", async (channel, expected) => {
    const { values, selection } = await selectPlane(stackOf(), { channel });
    expect([values[0], selection.channel, selection.channelName]).toEqual([
      100 * expected,
      expected,
      ["GFP", "DAPI"][expected],
    ]);
  });

  it("is chosen by number before by a name of digits, and by that name where no number fits", async () => {
    const stack = stackOf({ channelNames: ["1", "405"] });
    expect((await selectPlane(stack, { channel: "1" })).selection.channel).toBe(1);
    expect((await selectPlane(stack, { channel: "405" })).selection.channel).toBe(1);
  });

  it("need not be chosen where there is one", async () => {
    const { selection } = await selectPlane(stackOf({ sizeC: 1, channelNames: [] }));
    expect(selection).toEqual({
      ...{ channel: 0, channels: 1, zPolicy: "only plane", z: 0, planesOfZ: 1 },
      ...{ time: 0, times: 1, image: 0, images: 1 },
    });
  });

  it.each<[string, number | string | undefined, string]>([
    ["none", undefined, "the image has channels 0 (GFP) and 1 (DAPI): say which channel"],
    ["a number too high", 2, "there is no channel 2: the image has channels 0 (GFP) and 1 (DAPI)"],
    ["a number below zero", -1, "there is no channel -1"],
    ["half a channel", 0.5, "there is no channel 0.5"],
    ["digits too high", "2", 'there is no channel "2"'],
    ["another name", "DAPI2", 'there is no channel "DAPI2": the image has channels 0 (GFP) and 1 (DAPI)'],
    ["nothing", "", 'there is no channel ""'],
  ])("is refused as %s, with what there is", async (_, channel, message) => {
    expect(await refusal(stackOf(), { channel })).toContain(`ImageSelectionError channel: ${message}`);
  });

  it("is refused by a name that two have", async () => {
    const stack = stackOf({ channelNames: ["DAPI", "dapi"] });
    expect(await refusal(stack, { channel: "DAPI" })).toContain('2 channels are called "DAPI"');
    expect((await selectPlane(stack, { channel: 1 })).selection.channel).toBe(1);
  });
});

describe("the section", () => {
  const sizes = { width: side, height: side, sizeC: 1, sizeZ: 5, channelNames: [] };
  const discs = (blur: number) => Float32Array.from(drawDiscs({ discs: 4, radius: 7, blur }));

  it("is the sharpest unless another is asked for", async () => {
    const stack = stackOf(sizes, ({ z }) => discs(1 + 2 * Math.abs(z - 3)));
    const { values, selection } = await selectPlane(stack);
    expect(selection).toMatchObject({ zPolicy: "sharpest plane", z: 3, planesOfZ: 5 });
    expect(values).toEqual(discs(1));
  });

  it("is the first of equals, and never one that holds no numbers", async () => {
    const equal = stackOf(sizes, () => discs(2));
    expect((await selectPlane(equal)).selection.z).toBe(0);
    const broken = stackOf(sizes, ({ z }) => (z === 0 ? discs(2).fill(Number.NaN) : discs(2)));
    expect((await selectPlane(broken)).selection.z).toBe(1);
    const all = stackOf(sizes, () => discs(2).fill(Number.NaN));
    expect((await selectPlane(all)).selection.z).toBe(0);
  });

  it("is the brightest value of every pixel, as a projection", async () => {
    const stack = stackOf({ sizeZ: 3 }, ({ z }) =>
      Float32Array.of(z, 9 - z, z === 1 ? 9 : 0, z === 1 ? Number.NaN : -5),
    );
    const { values, selection } = await selectPlane(stack, { channel: 0, z: "maximum" });
    expect(Array.from(values)).toEqual([2, 9, 9, -5]);
    expect(selection).toMatchObject({ zPolicy: "maximum projection", planesOfZ: 3 });
    expect(selection).not.toHaveProperty("z");
  });

  it("is the one of a number", async () => {
    const { values, selection } = await selectPlane(stackOf({ sizeZ: 3 }), { channel: 1, z: 2 });
    expect([values[0], selection.zPolicy, selection.z]).toEqual([120, "plane by number", 2]);
  });

  it("is the only plane, whatever policy is asked for", async () => {
    const { selection } = await selectPlane(stackOf(), { channel: 0, z: "maximum" });
    expect(selection).toMatchObject({ zPolicy: "only plane", z: 0 });
  });

  it("is refused where it is not there, or where there are too many to look at", async () => {
    expect(await refusal(stackOf({ sizeZ: 3 }), { channel: 0, z: 3 })).toBe(
      "ImageSelectionError z: there is no plane 3: the image has planes 0 to 2 (channels 0 (GFP) and 1 (DAPI), 3 planes of z)",
    );
    expect(await refusal(stackOf(), { channel: 0, z: 1 })).toContain(
      "there is no plane 1: the image has one plane",
    );
    const large = { channel: 0 };
    expect(await refusal(stackOf({ sizeZ: 5000 }), large)).toContain(
      "5000 planes of 2 x 2 pixels are too many",
    );
    expect(await refusal(stackOf({ sizeZ: 50, width: 10_000, height: 10_000 }), large)).toContain(
      "are too many",
    );
  });

  it("is no longer looked for once the signal says so", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const stack = stackOf({ sizeZ: 1000 }, ({ z }) => {
      seen.push(z);
      if (z === 3) controller.abort(new Error("enough"));
      return undefined;
    });
    await expect(selectPlane(stack, { channel: 0, signal: controller.signal })).rejects.toThrow("enough");
    expect(seen).toEqual([0, 1, 2, 3]);
  });
});

describe("the time point", () => {
  it("is the first unless another is asked for", async () => {
    const stack = stackOf({ sizeT: 4 });
    expect((await selectPlane(stack, { channel: 0 })).values[0]).toBe(0);
    const { values, selection } = await selectPlane(stack, { channel: 0, time: 3 });
    expect([values[0], selection.time, selection.times]).toEqual([3, 3, 4]);
  });

  it("is refused where it is not there", async () => {
    const message = "there is no time point 4: the image has time points 0 to 3";
    expect(await refusal(stackOf({ sizeT: 4 }), { channel: 0, time: 4 })).toContain(`time: ${message}`);
    expect(await refusal(stackOf(), { channel: 0, time: 1 })).toContain("has one time point");
  });
});

describe("selectPlane", () => {
  it("gives what the image says of itself, and leaves out what it does not say", async () => {
    const known = await selectPlane(stackOf({ pixelSizeMicrons: 0.2 }), { channel: 0 });
    expect(known).toMatchObject({ width: 2, height: 2, bitDepth: 16, pixelSizeMicrons: 0.2 });
    expect(await selectPlane(stackOf(), { channel: 0 })).not.toHaveProperty("pixelSizeMicrons");
  });

  it("hands on what reading refuses", async () => {
    const stack = stackOf({ readPlane: () => Promise.reject(new FormatError("test", "damaged")) });
    await expect(selectPlane(stack, { channel: 0 })).rejects.toThrow(FormatError);
  });
});

describe("describeSelection", () => {
  const all = stackOf({ sizeZ: 3, sizeT: 2, series: { index: 1, count: 5 } });
  it.each<[SelectPlaneOptions, string]>([
    [{ channel: 1 }, "channel 1 (DAPI), plane 0 of z (sharpest of 3), time point 0 (of 2), image 1 (of 5)"],
    [
      { channel: 0, z: "maximum", time: 1 },
      "channel 0 (GFP), maximum over 3 planes of z, time point 1 (of 2), image 1 (of 5)",
    ],
    [{ channel: 0, z: 2 }, "channel 0 (GFP), plane 2 of z (of 3), time point 0 (of 2), image 1 (of 5)"],
  ])("says of %j: %s", async (options, words) => {
    expect(describeSelection((await selectPlane(all, options)).selection)).toBe(words);
  });
});
