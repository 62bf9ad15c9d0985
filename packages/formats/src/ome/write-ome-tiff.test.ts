import fc from "fast-check";
import { fromArrayBuffer } from "geotiff";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { openImage } from "../image/open-image.ts";
import { elementCount, type NdArray } from "../nd-array.ts";
import { readMutated } from "../testing/mutate.ts";
import { readTiff } from "../tiff/read-tiff.ts";
import type { OmeTiffImage } from "./ome-tiff-image.ts";
import { writeOmeTiff } from "./write-ome-tiff.ts";

const data: NdArray = {
  dtype: "uint16",
  shape: [2, 3, 4],
  data: Uint16Array.from({ length: 24 }, (_, i) => i * 1000),
};
const image: OmeTiffImage = {
  data,
  channelNames: ["protein", "nucleus"],
  channelColors: [0x00ff00, 0x0000ff],
  pixelSizeMicrons: 0.208,
  name: "LMNB1",
  description: "generated <not> measured & so on",
  annotations: { synthetic: "true", seed: "7" },
};

const descriptionOf = (value: OmeTiffImage) => readTiff(writeOmeTiff(value)).description!;

describe("writeOmeTiff", () => {
  it("writes what readTiff reads back: pixels, type and pixel size", () => {
    const images = fc
      .record({
        dtype: fc.constantFrom("uint8" as const, "uint16" as const, "float32" as const),
        shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 4 }),
        pixelSizeMicrons: fc.double({ min: 0.01, max: 10, noNaN: true }),
        compression: fc.constantFrom("none" as const, "deflate" as const),
        seed: fc.nat(255),
      })
      .map(({ dtype, shape, seed, ...rest }): OmeTiffImage => {
        const values = Array.from({ length: elementCount(shape) }, (_, i) => (seed + i * 31) & 0xff);
        const typed = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[dtype].from(values);
        const channelNames = Array.from({ length: shape.at(-3)! }, (_, channel) => `channel ${channel}`);
        return { data: { dtype, shape, data: typed }, channelNames, ...rest };
      });
    fc.assert(
      fc.property(images, (value) => {
        const { planes, pixelSizeMicrons } = readTiff(writeOmeTiff(value));
        const { shape } = value.data;
        expect(planes.shape).toEqual([shape.slice(0, -2).reduce((a, b) => a * b), ...shape.slice(-2)]);
        expect([planes.dtype, planes.data]).toEqual([value.data.dtype, value.data.data]);
        expect(pixelSizeMicrons).toBe(value.pixelSizeMicrons);
      }),
    );
  });

  it.each(["none", "deflate"] as const)("writes what geotiff reads, compression %s", async (compression) => {
    const bytes = new Uint8Array(writeOmeTiff({ ...image, compression }));
    const tiff = await fromArrayBuffer(bytes.buffer);
    expect(await tiff.getImageCount()).toBe(2);
    const [plane] = (await (await tiff.getImage(1)).readRasters({ interleave: false })) as unknown as [
      Uint16Array,
    ];
    expect(Array.from(plane)).toEqual(Array.from(data.data.subarray(12) as Uint16Array));
  });

  it("names and colours the channels, and gives sizes in micrometres", () => {
    const xml = descriptionOf(image);
    expect(xml).toContain(
      '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"',
    );
    expect(xml).toContain(
      'PhysicalSizeX="0.208" PhysicalSizeXUnit="\u00b5m" PhysicalSizeY="0.208" PhysicalSizeYUnit="\u00b5m"',
    );
    expect(xml).toContain('<Channel ID="Channel:0:0" Name="protein" SamplesPerPixel="1" Color="16711935"/>');
    expect(xml).toContain('<Channel ID="Channel:0:1" Name="nucleus" SamplesPerPixel="1" Color="65535"/>');
    expect(xml).toContain('SizeX="4" SizeY="3" SizeZ="1" SizeC="2" SizeT="1"');
    expect(xml).toContain("<Description>generated &#60;not&#62; measured &#38; so on</Description>");
  });

  it("writes a colour whose sign bit is set as OME's signed integer", () => {
    expect(descriptionOf({ ...image, channelColors: [0xff0000, 0xffffff] })).toMatch(
      /Color="-16776961".*Color="-1"/,
    );
  });

  it("carries annotations that every image refers to", () => {
    const xml = descriptionOf(image);
    expect(xml).toContain('<M K="synthetic">true</M><M K="seed">7</M>');
    expect(xml).toMatch(
      /<AnnotationRef ID="Annotation:0"\/><\/Image><StructuredAnnotations><MapAnnotation ID="Annotation:0"/,
    );
  });

  it("writes each sample as an image of its own pages", () => {
    const xml = descriptionOf({ ...image, data: { ...data, shape: [2, 2, 1, 6] } });
    expect(xml.match(/<Image ID="[^"]*" Name="[^"]*"/g)).toEqual([
      '<Image ID="Image:0" Name="LMNB1 1"',
      '<Image ID="Image:1" Name="LMNB1 2"',
    ]);
    expect(xml.match(/<TiffData [^>]*>/g)).toEqual([
      '<TiffData FirstC="0" IFD="0" PlaneCount="1"/>',
      '<TiffData FirstC="1" IFD="1" PlaneCount="1"/>',
      '<TiffData FirstC="0" IFD="2" PlaneCount="1"/>',
      '<TiffData FirstC="1" IFD="3" PlaneCount="1"/>',
    ]);
  });

  it("leaves out what it is not given", () => {
    const xml = descriptionOf({ data, channelNames: ["a", "b"] });
    expect(xml).not.toMatch(/PhysicalSize|Annotation|Description/);
    expect(readTiff(writeOmeTiff({ data, channelNames: ["a", "b"] }))).not.toHaveProperty("pixelSizeMicrons");
  });

  it("escapes what XML reserves, loses or forbids", () => {
    const xml = descriptionOf({
      ...image,
      channelNames: ['a"b', "c\nd\u0001\ud800"],
      annotations: { "<k>": "\u03bb & \u{1f9ec}" },
    });
    expect(xml).toContain('Name="a&#34;b"');
    expect(xml).toContain('Name="c&#10;d\ufffd\ufffd"');
    expect(xml).toContain('<M K="&#60;k&#62;">\u03bb &#38; \u{1f9ec}</M>');
  });

  it("gives equal bytes for equal input", () => {
    expect(writeOmeTiff(image)).toEqual(writeOmeTiff(image));
  });

  it.each<[string, Partial<OmeTiffImage>, RegExp]>([
    [
      "pixels of another type",
      { data: { ...data, dtype: "int16", data: new Int16Array(24) } },
      /int16 pixels are not written/,
    ],
    ["two dimensions", { data: { ...data, shape: [6, 4] } }, /shape \[6,4\] is not/],
    ["data that does not fit its shape", { data: { ...data, shape: [2, 3, 5] } }, /is not \[C, H, W\]/],
    [
      "no pixels",
      { data: { dtype: "uint8", shape: [2, 0, 4], data: new Uint8Array(0) } },
      /is not \[C, H, W\]/,
    ],
    ["too few names", { channelNames: ["a"] }, /2 channels need as many names/],
    ["too few colours", { channelColors: [0] }, /2 channels need as many names and colours/],
    ["a pixel of no size", { pixelSizeMicrons: 0 }, /0 micrometres is no size/],
  ])("refuses %s", (_, change, message) => {
    expect(() => writeOmeTiff({ ...image, ...change })).toThrow(FormatError);
    expect(() => writeOmeTiff({ ...image, ...change })).toThrow(message);
  });

  it("writes files whose damaged copies are read or refused", async () => {
    const outcome = await readMutated(writeOmeTiff(image), 1000, readTiff);
    expect(outcome.read).toBeGreaterThan(100);
    expect(outcome.refused).toBeGreaterThan(50);
  });
});

describe("labels", () => {
  const labels = {
    data: { dtype: "uint16", shape: [3, 4], data: Uint16Array.from({ length: 12 }, (_, i) => i % 5) },
    name: "nuclei",
  } as const;

  it("are the last image of the file, with a type of their own", async () => {
    const float = { ...data, dtype: "float32", data: Float32Array.from(data.data as Uint16Array) } as const;
    const bytes = writeOmeTiff({ ...image, data: float, labels });
    const first = await openImage(bytes, {});
    expect(first).toMatchObject({ sizeC: 2, series: { index: 0, count: 2 } });
    expect((await first.readPlane({ c: 1, z: 0, t: 0 })).data).toEqual(float.data.slice(12));
    const second = await openImage(bytes, { series: 1 });
    expect(second).toMatchObject({ sizeC: 1, channelNames: ["nuclei"], pixelSizeMicrons: 0.208 });
    const plane = await second.readPlane({ c: 0, z: 0, t: 0 });
    expect([plane.dtype, plane.data]).toEqual(["uint16", labels.data.data]);
  });

  it("are refused where they are of another size", () => {
    const wrong = { ...labels, data: { ...labels.data, shape: [4, 3] } };
    expect(() => writeOmeTiff({ ...image, labels: wrong })).toThrow(
      /labels are uint16 \[4,3\], not one plane of \[3,4\]/,
    );
  });
});
