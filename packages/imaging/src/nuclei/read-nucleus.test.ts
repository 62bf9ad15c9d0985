import { describe, expect, it } from "vitest";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { NucleusError } from "./nucleus-error.ts";
import { type DecodedImage, type ReadNucleusOptions, readNucleus } from "./read-nucleus.ts";

const size = { height: 150, width: 160 };
const empty = fieldOfDiscs(size, []);
const stained = fieldOfDiscs(size, [{ x: 80, y: 70, radius: 18, brightness: 900 }]);

function imageOf(planes: readonly Float32Array[], rest: Partial<DecodedImage> = {}): DecodedImage {
  const joined = new Float32Array(planes.length * size.height * size.width);
  planes.forEach((plane, channel) => {
    joined.set(plane, channel * plane.length);
  });
  return { ...size, channels: planes.length, bitDepth: 16, planes: joined, ...rest };
}

function refusal(image: DecodedImage, options?: ReadNucleusOptions): NucleusError {
  try {
    readNucleus(image, options);
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    expect(error.message).not.toContain("--"); // options are the command line's
    return error;
  }
  throw new Error("the image was accepted");
}

describe("readNucleus", () => {
  it("takes the pixel size of the file, and the caller's before it", () => {
    const image = imageOf([stained], { pixelSizeMicrons: 0.4126 });
    const nuclei = readNucleus(image);
    expect(nuclei.crops.length).toBe(1);
    expect(nuclei.sourcePixelSizeMicrons).toBe(0.4126);
    expect(
      readNucleus(image, { pixelSizeMicrons: 0.6 }).crops[0]!.centralNucleus.diameterMicrons,
    ).toBeCloseTo(36 * 0.6, 0);
  });

  it("reads the channel it is told to", () => {
    const nuclei = readNucleus(imageOf([empty, stained]), { nucleusChannel: 1, pixelSizeMicrons: 0.4 });
    expect(nuclei.nucleusChannel).toBe(1);
    expect(nuclei.crops[0]!.centralNucleus.centre.x).toBeCloseTo((80.5 * 0.4) / 0.4126 - 0.5, 0);
  });

  it("is the same for a display-range 8-bit image as for the raw one", () => {
    const eightBit = stained.map((value) => Math.min(255, Math.round((value - 90) / 4)));
    const [a] = readNucleus(imageOf([stained], { pixelSizeMicrons: 0.4126 })).crops;
    const [b] = readNucleus(imageOf([eightBit], { pixelSizeMicrons: 0.4126, bitDepth: 8 })).crops;
    const different = a!.mask.filter((value, pixel) => value !== b!.mask[pixel]).length;
    expect(different).toBeLessThan(40);
  });
});

describe("readNucleus refuses", () => {
  const pixelSizeMicrons = 0.4126;

  it("several channels without a choice, naming them", () => {
    const error = refusal(imageOf([empty, stained, empty], { pixelSizeMicrons }));
    expect(error).toMatchObject({ problem: "channel", field: "nucleusChannel" });
    expect(error.message).toBe("the image has channels 0 to 2: say which one shows the nuclei");
  });

  it("a channel that is not there, naming those that are", () => {
    const image = imageOf([stained], { pixelSizeMicrons });
    for (const nucleusChannel of [1, -1, 0.5, NaN]) {
      const error = refusal(image, { nucleusChannel });
      expect(error.problem).toBe("channel");
      expect(error.message).toContain(`there is no channel ${nucleusChannel}: the image has only channel 0`);
    }
  });

  it("an image of unknown pixel size", () => {
    const error = refusal(imageOf([stained]));
    expect(error).toMatchObject({ problem: "pixel-size", field: "pixelSizeMicrons" });
    expect(error.message).toContain("give the size in microns");
  });

  it("a pixel size at which nuclei cannot be seen, saying who gave it", () => {
    expect(refusal(imageOf([stained], { pixelSizeMicrons: 26 })).message).toContain(
      "the file says 26 um/pixel",
    );
    for (const wrong of [0, -1, NaN, Infinity]) {
      const error = refusal(imageOf([stained]), { pixelSizeMicrons: wrong });
      expect(error.problem).toBe("pixel-size");
      expect(error.message).toContain(`the request says ${wrong} um/pixel`);
    }
  });

  it("a field that would fill the memory", () => {
    const huge = { width: 9000, height: 9000, channels: 1, bitDepth: 16, planes: new Float32Array(0) };
    const error = refusal(huge, { pixelSizeMicrons: 0.65 });
    expect(error).toMatchObject({ problem: "too-large", field: "pixelSizeMicrons" });
    expect(error.message).toContain("5850 x 5850 um");
  });

  it("a constant image", () => {
    const error = refusal(imageOf([new Float32Array(150 * 160).fill(255)], { pixelSizeMicrons }));
    expect(error).toMatchObject({ problem: "constant", field: "nucleusChannel" });
    expect(error.message).toContain("every pixel is 255");
  });

  it("values that are not numbers, with their place", () => {
    const broken = stained.slice();
    broken[3 * 160 + 7] = NaN;
    const error = refusal(imageOf([empty, broken], { pixelSizeMicrons }), { nucleusChannel: 1 });
    expect(error.problem).toBe("not-finite");
    expect(error.message).toContain("channel 1 holds NaN at x 7, y 3");
  });

  it("a field without nuclei, with the threshold and the sizes that were tried", () => {
    const nothing = refusal(imageOf([empty], { pixelSizeMicrons }));
    expect(nothing.problem).toBe("no-nuclei");
    expect(nothing.message).toMatch(/^no nuclei of 8 to 28 um in channel 0: nothing was brighter than 1\d\d/);

    const wrongScale = refusal(imageOf([stained]), { pixelSizeMicrons: 0.1 });
    expect(wrongScale.message).toContain("1 objects too small, 0 too large and 0 too ragged");
    expect(wrongScale.message).toContain("the pixel size, now 0.1 um");
  });
});
