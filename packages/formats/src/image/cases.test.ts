// Images that people really have, each a kind of fault once: fixtures/cases (written with tifffile) show four nuclei in
// one plane, three larger discs in the plane that must not be taken. Beside each, variants of its kind made here.

import { describe, expect, it } from "vitest";
import { countAreas, drawDiscs, side } from "../testing/discs.ts";
import { readFixture } from "../testing/fixture.ts";
import { buildTiffPages, type PagesOptions } from "../testing/tiff.ts";
import { describeAxes } from "./image-stack.ts";
import { openImage } from "./open-image.ts";
import { describeSelection, type SelectPlaneOptions, selectPlane } from "./select-plane.ts";

async function choose(bytes: Uint8Array, options: SelectPlaneOptions) {
  const stack = await openImage(bytes);
  const { values, width, pixelSizeMicrons, selection } = await selectPlane(stack, options);
  return {
    axes: describeAxes(stack),
    nuclei: countAreas(values, width),
    chosen: describeSelection(selection),
    pixelSizeMicrons,
  };
}

/** Planes in the order of `axes`, the fastest first: DAPI is channel 1, sharpest at z 3; GFP is channel 0. */
function planesOf(axes: string, sizes: Readonly<Record<string, number>>): Uint16Array[] {
  const count = [...axes].reduce((product, axis) => product * sizes[axis]!, 1);
  return Array.from({ length: count }, (_, index) => {
    const at: Record<string, number> = { C: 0, Z: 0, T: 0 };
    let rest = index;
    for (const axis of axes) {
      at[axis] = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    return drawPlane(at as { C: number; Z: number; T: number });
  });
}

function drawPlane({ C, Z, T }: { C: number; Z: number; T: number }): Uint16Array {
  const blur = 1 + 3 * Math.abs(Z - 3);
  return C === 1
    ? drawDiscs({ discs: 4 - T, radius: 6, brightness: 1200 - 100 * Math.abs(Z - 3), blur })
    : drawDiscs({ discs: 2, radius: 12 });
}

const ome = (order: string, { C, Z, T }: Readonly<Record<string, number>>, data: string) =>
  `<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels
    ID="Pixels:0" DimensionOrder="XY${order}" Type="uint16" SizeX="${side}" SizeY="${side}" SizeC="${C}" SizeZ="${Z}"
    SizeT="${T}" PhysicalSizeX="0.4"><Channel Name="GFP"/><Channel Name="DAPI"/>${data}</Pixels></Image></OME>`;
const image = (order: string, sizes: Readonly<Record<string, number>>, options: PagesOptions = {}) =>
  buildTiffPages(planesOf(order, sizes), side, {
    description: ome(order, sizes, `<TiffData IFD="0" PlaneCount="${sizes.C! * sizes.Z! * sizes.T!}"/>`),
    ...options,
  });

describe("the control", () => {
  it("shows four nuclei", async () => {
    const found = await choose(readFixture("cases/control.ome.tif"), {});
    expect(found).toEqual({ axes: "only channel 0", nuclei: 4, chosen: "channel 0", pixelSizeMicrons: 0.4 });
  });
});

describe("an OME-TIFF of channels and sections", () => {
  const bytes = readFixture("cases/xyzct.ome.tif");

  it.each([1, "1", "DAPI", " dapi"])("gives the channel that is asked for as %j", async (channel) => {
    expect(await choose(bytes, { channel })).toEqual({
      axes: "channels 0 (GFP) and 1 (DAPI), 5 planes of z",
      nuclei: 4,
      chosen: "channel 1 (DAPI), plane 2 of z (sharpest of 5)",
      pixelSizeMicrons: 0.4,
    });
  });

  it("gives the other channel where that is asked for", async () => {
    expect(await choose(bytes, { channel: "GFP" })).toMatchObject({ nuclei: 3 });
  });

  it.each<[string, Record<string, number>, PagesOptions]>([
    ["CZT", { C: 2, Z: 5, T: 1 }, {}],
    ["ZTC", { C: 2, Z: 4, T: 2 }, { littleEndian: false }],
    ["TCZ", { C: 2, Z: 4, T: 2 }, {}],
    ["TZC", { C: 2, Z: 5, T: 3 }, { littleEndian: false }],
  ])("does so in the order %s of %j", async (order, sizes, options) => {
    const found = await choose(image(order, sizes, options), { channel: "DAPI" });
    expect(found).toMatchObject({ nuclei: 4, pixelSizeMicrons: 0.4 });
    expect(found.chosen).toContain(`channel 1 (DAPI), plane 3 of z (sharpest of ${sizes.Z})`);
  });
});

describe("a time series", () => {
  it("gives a stated time point, the first unless another is asked for", async () => {
    const found = await choose(readFixture("cases/timelapse.ome.tif"), { channel: 1 });
    expect(found).toMatchObject({
      axes: "channels 0 (GFP) and 1 (DAPI), 3 time points",
      nuclei: 4,
      chosen: "channel 1 (DAPI), time point 0 (of 3)",
    });
  });

  it.each(["TCZ", "CTZ", "ZTC"])("gives the time point that is asked for in the order %s", async (order) => {
    for (const time of [0, 1, 2]) {
      const found = await choose(image(order, { C: 2, Z: 1, T: 3 }), { channel: 1, time });
      expect(found).toMatchObject({
        nuclei: 4 - time,
        chosen: `channel 1 (DAPI), time point ${time} (of 3)`,
      });
    }
  });
});

describe("an OME-TIFF whose pages are in another order than its planes", () => {
  it("gives the channel's own page", async () => {
    const bytes = readFixture("cases/pages_swapped.ome.tif");
    const axes = "channels 0 (DAPI) and 1 (boundary)";
    expect(await choose(bytes, { channel: 0 })).toMatchObject({
      axes,
      nuclei: 4,
      chosen: "channel 0 (DAPI)",
    });
    expect(await choose(bytes, { channel: "boundary" })).toMatchObject({ nuclei: 3 });
  });

  const sizes = { C: 2, Z: 4, T: 1 };
  const planes = planesOf("CZT", sizes);
  const place = (c: number, z: number, ifd: number) => `<TiffData FirstC="${c}" FirstZ="${z}" IFD="${ifd}"/>`;
  const all = [0, 1, 2, 3].flatMap((z) => [0, 1].map((c) => ({ c, z, at: c + 2 * z })));
  it.each<[string, string, readonly Uint16Array[]]>([
    ["backwards", all.map(({ c, z, at }) => place(c, z, 7 - at)).join(""), planes.toReversed()],
    [
      "by channel in runs, where the text has them by section",
      `<TiffData FirstC="1" FirstZ="0" IFD="0"/>${place(0, 0, 4)}${[1, 2, 3].map((z) => place(1, z, z) + place(0, z, 4 + z)).join("")}`,
      [...planes.filter((_, at) => at % 2 === 1), ...planes.filter((_, at) => at % 2 === 0)],
    ],
    [
      "behind a page of something else",
      '<TiffData IFD="1" PlaneCount="8"/>',
      [drawDiscs({ discs: 1, radius: 20 }), ...planes],
    ],
  ])("does so for pages %s", async (_, data, pages) => {
    const bytes = buildTiffPages(pages, side, { description: ome("CZT", sizes, data) });
    expect(await choose(bytes, { channel: 1 })).toMatchObject({
      nuclei: 4,
      chosen: "channel 1 (DAPI), plane 3 of z (sharpest of 4)",
    });
  });
});

describe("an ImageJ hyperstack of one page", () => {
  it("gives what lies behind the page", async () => {
    const bytes = readFixture("cases/imagej_one_ifd.tif");
    const axes = "channels 0 to 1, 2 planes of z";
    expect(await choose(bytes, { channel: 1 })).toMatchObject({ axes, nuclei: 4, pixelSizeMicrons: 0.4 });
    expect(await choose(bytes, { channel: 0 })).toMatchObject({ nuclei: 3 });
  });

  it.each<[string, string, PagesOptions]>([
    ["as ImageJ writes it", "", { littleEndian: false }],
    ["with the sections first", "order=zct\n", {}],
    ["with times first, over pages", "order=tzc\n", { onePage: false }],
  ])("does so %s", async (_, line, options) => {
    const order = (/order=(\w+)/.exec(line)?.[1] ?? "czt").toUpperCase();
    const sizes = { C: 2, Z: 4, T: 3 };
    const description = `ImageJ=1.54f\nimages=24\nchannels=2\nslices=4\nframes=3\nhyperstack=true\n${line}`;
    const bytes = buildTiffPages(planesOf(order, sizes), side, { description, onePage: true, ...options });
    expect(await choose(bytes, { channel: 1, time: 1 })).toMatchObject({
      nuclei: 3,
      chosen: "channel 1, plane 3 of z (sharpest of 4), time point 1 (of 3)",
    });
  });
});

describe("a resolution in an odd tag", () => {
  it("is no damage", async () => {
    expect(await choose(readFixture("cases/xresolution_float.tif"), {})).toMatchObject({ nuclei: 4 });
  });

  it.each<[string, PagesOptions["tags"], number | undefined]>([
    ["a float per centimetre", { 282: [11, [0x46c35000]], 296: [3, [3]] }, 0.4],
    ["a word per centimetre", { 282: [4, [25_000]], 296: [3, [3]] }, 0.4],
    ["text", { 282: [2, "25000"], 296: [3, [3]] }, undefined],
    ["what lies outside the file", { 282: [12, [0x7fffffff]], 296: [3, [3]] }, undefined],
  ])("is read or passed over: %s", async (_, tags, pixelSizeMicrons) => {
    const bytes = buildTiffPages([drawDiscs({ discs: 4, radius: 6 })], side, { tags: tags! });
    expect(await choose(bytes, {})).toMatchObject({ nuclei: 4, pixelSizeMicrons });
  });
});

describe("a mosaic with empty parts", () => {
  it.each([
    ["stitched_black.ome.tif", 0.4],
    ["stitched_border.ome.tif", 0.4],
  ])("is read as it is: %s", async (name, pixelSizeMicrons) => {
    expect(await choose(readFixture(`cases/${name}`), {})).toMatchObject({ nuclei: 4, pixelSizeMicrons });
  });
});
