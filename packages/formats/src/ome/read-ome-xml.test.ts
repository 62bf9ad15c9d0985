import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { isOmeXml, readOmeXml } from "./read-ome-xml.ts";
import { describeOme } from "./write-ome-xml.ts";

const sizes = 'DimensionOrder="XYZCT" SizeX="4" SizeY="3" SizeZ="5" SizeC="2" SizeT="1"';
const ome = (pixels: string, inside = "", root = "") =>
  `<?xml version="1.0"?><OME xmlns="x"${root}><Image Name="cells"><Pixels ${pixels}>${inside}</Pixels></Image></OME>`;
const firstOf = (xml: string) => readOmeXml(xml).images[0]!;

describe("isOmeXml", () => {
  it("knows OME-XML, with a prefix too, from other text", () => {
    expect([ome(""), '<?xml?><ome:OME xmlns:ome="x">', "<OME>"].map(isOmeXml)).toEqual([true, true, true]);
    expect(["ImageJ=1.54", "<OMERO>", "", "<xml>OME</xml>"].map(isOmeXml)).toEqual(Array(4).fill(false));
  });
});

describe("readOmeXml", () => {
  it("reads sizes, the order of the planes, names and the place of every plane", () => {
    const channels = '<Channel Name="GFP"/><Channel ID="c"/><Channel Name=" DAPI " SamplesPerPixel="2"/>';
    const data =
      '<TiffData FirstC="1" FirstZ="2" FirstT="3" IFD="7" PlaneCount="9"/><TiffData IFD="4"/><TiffData/>' +
      '<TiffData NumPlanes="2"><UUID FileName="other.ome.tif"> urn:uuid:1 </UUID></TiffData>';
    const { uuid, images } = readOmeXml(ome(sizes, channels + data, ' UUID="urn:uuid:0"'));
    expect(uuid).toBe("urn:uuid:0");
    const none = { firstC: 0, firstZ: 0, firstT: 0 };
    expect(images).toEqual([
      {
        ...{ name: "cells", sizeC: 2, sizeZ: 5, sizeT: 1, planeOrder: "ZCT" },
        channelNames: ["GFP", undefined, "DAPI", "DAPI"],
        data: [
          { firstC: 1, firstZ: 2, firstT: 3, ifd: 7, count: 9 },
          { ...none, ifd: 4, count: 1 },
          { ...none, ifd: 0 },
          { ...none, ifd: 0, count: 2, uuid: "urn:uuid:1", fileName: "other.ome.tif" },
        ],
      },
    ]);
  });

  it("reads what our own writer writes", () => {
    const data = { dtype: "uint8" as const, shape: [2, 2, 3, 4], data: new Uint8Array(48) };
    const image = { data, channelNames: ["protein", 'a "b" & <c>'], pixelSizeMicrons: 0.4126, name: "x" };
    const { images } = readOmeXml(describeOme(image, { images: 2, channels: 2, height: 3, width: 4 }));
    expect(images.map(({ name, data: places }) => [name, places.map(({ ifd }) => ifd)])).toEqual([
      ["x 1", [0, 1]],
      ["x 2", [2, 3]],
    ]);
    expect(images[1]).toMatchObject({ sizeC: 2, channelNames: image.channelNames, pixelSizeMicrons: 0.4126 });
  });

  it.each<[string, string, number | undefined]>([
    ["no unit, which means micrometres", 'PhysicalSizeX="0.208"', 0.208],
    ["the micro sign", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\u00b5m"', 0.5],
    ["the Greek mu", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\u03bcm"', 0.5],
    ["a byte that was lost", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\ufffdm"', 0.5],
    ["a character reference", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="&#181;m"', 0.5],
    ["a hexadecimal reference", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="&#xB5;m"', 0.5],
    ["nanometres", 'PhysicalSizeX="208" PhysicalSizeXUnit="nm"', 0.208],
    ["millimetres", 'PhysicalSizeX="0.001" PhysicalSizeXUnit="mm"', 1],
    ["Angstrom", 'PhysicalSizeX="2000" PhysicalSizeXUnit="\u00c5"', 0.2],
    ["single quotes", "PhysicalSizeX='0.3'", 0.3],
    ["pixels, which are no length", 'PhysicalSizeX="1" PhysicalSizeXUnit="pixel"', undefined],
    ["zero", 'PhysicalSizeX="0"', undefined],
    ["a word", 'PhysicalSizeX="small"', undefined],
    ["nothing", "", undefined],
  ])("reads a pixel's size with %s", (_, attributes, expected) => {
    const { pixelSizeMicrons } = firstOf(ome(`${sizes} ${attributes}`));
    if (expected === undefined) expect(pixelSizeMicrons).toBeUndefined();
    else expect(pixelSizeMicrons).toBeCloseTo(expected, 10);
  });

  it.each<[string, string, RegExp]>([
    ["no image", "<OME/>", /describes no image/],
    [
      "a description elsewhere",
      '<OME><BinaryOnly MetadataFile="a.companion.ome" UUID="u"/></OME>',
      /in another file, "a.companion.ome"/,
    ],
    ["no sizes", ome('DimensionOrder="XYCZT"'), /SizeC is absent/],
    ["a size of nothing", ome(sizes.replace('SizeC="2"', 'SizeC="0"')), /SizeC is "0", not a whole number/],
    ["a negative size", ome(sizes.replace('SizeC="2"', 'SizeC="-2"')), /SizeC is "-2"/],
    ["a broken size", ome(sizes.replace('SizeC="2"', 'SizeC="2.5"')), /SizeC is "2.5"/],
    ["an unknown order", ome(sizes.replace("XYZCT", "XYZZT")), /dimension order "XYZZT" is none/],
    ["a page before the first", ome(sizes, '<TiffData IFD="-1"/>'), /IFD is "-1"/],
    ["too many samples", ome(sizes, '<Channel SamplesPerPixel="65"/>'), /65 samples per pixel are too many/],
    ["XML cut short", ome(sizes).slice(0, 150), /its XML/],
  ])("refuses %s", (_, xml, message) => {
    expect(() => readOmeXml(xml)).toThrow(FormatError);
    expect(() => readOmeXml(xml)).toThrow(message);
  });
});
