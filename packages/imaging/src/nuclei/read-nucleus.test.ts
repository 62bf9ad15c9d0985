import type { ImageStack } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { cutCrop, wholeNuclei } from "./crop-nuclei.ts";
import { NucleusError } from "./nucleus-error.ts";
import { type ReadNucleusOptions, readField, readNucleus } from "./read-nucleus.ts";

const size = { height: 150, width: 160 };
const empty = fieldOfDiscs(size, []);
const stained = fieldOfDiscs(size, [{ x: 80, y: 70, radius: 18, brightness: 900 }]);

/** Planes by channel, then by z, then by time point. */
function imageOf(planes: readonly Float32Array[], rest: Partial<ImageStack> = {}): ImageStack {
  const { sizeZ = 1, sizeT = 1 } = rest;
  const sizeC = planes.length / sizeZ / sizeT;
  return {
    ...{ ...size, sizeC, sizeZ, sizeT, bitDepth: 16, channelNames: [], series: { index: 0, count: 1 } },
    readPlane: ({ c, z, t }) => ({
      ...{ dtype: "float32", shape: [size.height, size.width], data: planes[(c * sizeZ + z) * sizeT + t]! },
    }),
    ...rest,
  };
}

async function refusal(image: ImageStack, options?: ReadNucleusOptions): Promise<NucleusError> {
  const error = await readNucleus(image, options).then(
    () => new Error("the image was accepted"),
    (reason: unknown) => reason,
  );
  if (error instanceof NucleusError) return error;
  throw error;
}

describe("readNucleus", () => {
  it("takes the pixel size of the file, and the caller's before it", async () => {
    const image = imageOf([stained], { pixelSizeMicrons: 0.4126 });
    const nuclei = await readNucleus(image);
    expect(nuclei.crops.length).toBe(1);
    expect(nuclei.sourcePixelSizeMicrons).toBe(0.4126);
    const larger = await readNucleus(image, { pixelSizeMicrons: 0.6 });
    expect(larger.crops[0]!.centralNucleus.diameterMicrons).toBeCloseTo(36 * 0.6, 0);
  });

  it.each([1, "1", "dapi"])("reads the channel that is asked for as %j", async (nucleusChannel) => {
    const image = imageOf([empty, stained], { channelNames: ["GFP", "DAPI"] });
    const { selection, crops } = await readNucleus(image, { nucleusChannel, pixelSizeMicrons: 0.4 });
    expect(selection).toMatchObject({ channel: 1, channelName: "DAPI", channels: 2, zPolicy: "only plane" });
    expect(crops[0]!.centralNucleus.centre.x).toBeCloseTo((80.5 * 0.4) / 0.4126 - 0.5, 0);
  });

  it("reads the sharpest plane of z, all of them or one, at the time point that is asked for", async () => {
    const image = imageOf([empty, stained, empty, empty, stained, empty], {
      ...{ sizeZ: 3, sizeT: 2, pixelSizeMicrons: 0.4126 },
    });
    expect((await readNucleus(image, { nucleusTime: 1 })).selection).toMatchObject({ z: 0, time: 1 });
    expect((await readNucleus(image)).selection).toMatchObject({ z: 2, planesOfZ: 3, time: 0, times: 2 });
    expect((await readNucleus(image, { nucleusZ: "maximum" })).selection.zPolicy).toBe("maximum projection");
    const error = await refusal(image, { nucleusZ: 1 });
    expect(error).toMatchObject({ problem: "no-nuclei", field: "pixelSizeMicrons" });
    expect(error.message).toContain("in channel 0, plane 1 of z (of 3), time point 0 (of 2) at 0.4126");
  });

  it("is the same for a display-range 8-bit image as for the raw one", async () => {
    const eightBit = stained.map((value) => Math.min(255, Math.round((value - 90) / 4)));
    const { crops: raw } = await readNucleus(imageOf([stained], { pixelSizeMicrons: 0.4126 }));
    const { crops } = await readNucleus(imageOf([eightBit], { pixelSizeMicrons: 0.4126, bitDepth: 8 }));
    const different = raw[0]!.mask.filter((value, pixel) => value !== crops[0]!.mask[pixel]).length;
    expect(different).toBeLessThan(40);
  });

  it("ends when its signal is aborted", async () => {
    const image = imageOf([empty, stained], { sizeZ: 2, pixelSizeMicrons: 0.4126 });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(readNucleus(image, { signal })).rejects.toThrow("enough");
  });
});

describe("readNucleus refuses", () => {
  const pixelSizeMicrons = 0.4126;

  it("several channels without a choice, naming them", async () => {
    const error = await refusal(imageOf([empty, stained, empty], { pixelSizeMicrons }));
    expect(error.problem).toBe("channel");
    expect(error.message).toBe("the image has channels 0 to 2: say which channel");
    expect(error).toMatchObject({ kind: "data", field: "nucleusChannel" });
  });

  it("a channel that is not there, naming those that are", async () => {
    const image = imageOf([stained], { pixelSizeMicrons });
    for (const nucleusChannel of [1, -1, 0.5, NaN]) {
      const error = await refusal(image, { nucleusChannel });
      expect(error.problem).toBe("channel");
      expect(error.message).toContain(`there is no channel ${nucleusChannel}: the image has only channel 0`);
    }
  });

  it("an image of unknown pixel size", async () => {
    const error = await refusal(imageOf([stained]));
    expect(error.problem).toBe("pixel-size");
    expect(error.message).toContain("does not say how large its pixels are");
    expect(error.field).toBe("pixelSizeMicrons");
  });

  it("a pixel size at which nuclei cannot be seen, saying who gave it", async () => {
    const file = await refusal(imageOf([stained], { pixelSizeMicrons: 26 }));
    expect(file.message).toContain("the file says 26 um/pixel");
    for (const wrong of [0, -1, NaN, Infinity]) {
      const error = await refusal(imageOf([stained]), { pixelSizeMicrons: wrong });
      expect(error.problem).toBe("pixel-size");
      expect(error.message).toContain(`the size given is ${wrong} um/pixel`);
    }
  });

  it("a field that would fill the memory", async () => {
    const readPlane = () => {
      throw new Error("it was read");
    };
    const huge = imageOf([stained], { width: 9000, height: 9000, readPlane });
    const error = await refusal(huge, { pixelSizeMicrons: 0.65 });
    expect(error.problem).toBe("too-large");
    expect(error.message).toContain("5850 x 5850 um");
  });

  it("a constant image", async () => {
    const error = await refusal(imageOf([new Float32Array(150 * 160).fill(255)], { pixelSizeMicrons }));
    expect(error.problem).toBe("constant");
    expect(error.message).toContain("every pixel is 255");
  });

  it("values that are not numbers, with their place", async () => {
    const broken = stained.slice();
    broken[3 * 160 + 7] = NaN;
    const error = await refusal(imageOf([empty, broken], { pixelSizeMicrons }), { nucleusChannel: 1 });
    expect(error.problem).toBe("not-finite");
    expect(error.message).toContain("channel 1 holds NaN at x 7, y 3");
  });

  it("a field without nuclei, with the threshold and the sizes that were tried", async () => {
    const nothing = await refusal(imageOf([empty], { pixelSizeMicrons }));
    expect(nothing.problem).toBe("no-nuclei");
    expect(nothing.message).toMatch(
      /^no nuclei of 8 to 28 um in channel 0 at 0.4126 um\/pixel: nothing was brighter than 1\d\d/,
    );

    const wrongScale = await refusal(imageOf([stained]), { pixelSizeMicrons: 0.1 });
    expect(wrongScale.message).toContain("1 objects too small, 0 too large and 0 too ragged");
    expect(wrongScale.message).toMatch(/at 0\.1 um\/pixel: .*; check the pixel size$/);
  });
});

describe("readField", () => {
  it("reports how far it is, and finds what readNucleus finds", async () => {
    const fractions: number[] = [];
    const options = { pixelSizeMicrons: 0.4126 };
    const onSegmented = (fraction: number) => void fractions.push(fraction);
    const field = await readField(imageOf([stained]), { ...options, onSegmented });
    expect(fractions.length).toBeGreaterThan(4);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    const { crops, ...same } = await readNucleus(imageOf([stained]), options);
    expect(field).toEqual(same);
    expect(wholeNuclei(field).map((nucleus) => cutCrop(field, nucleus))).toEqual(crops);
  });

  it("stops between two steps", async () => {
    const controller = new AbortController();
    let steps = 0;
    const onSegmented = () => {
      if (++steps === 2) controller.abort();
    };
    const { signal } = controller;
    const work = readField(imageOf([stained]), { pixelSizeMicrons: 0.4126, signal, onSegmented });
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
    expect(steps).toBe(2);
  });
});
