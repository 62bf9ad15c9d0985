import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeOmeTiff, writeOmeZarr } from "@proteoscope/formats";
import { buildTiffPages, type PagesOptions } from "@proteoscope/formats/testing";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ReadNucleiOptions, readNuclei } from "./nuclei.ts";
import { createWorkplace, fieldOfNuclei, type Workplace } from "./testing/model-folder.ts";

// Images that people have, each a kind: the files of formats/src/fixtures/cases show four nuclei in one plane and three
// larger discs in the plane that must not be taken. The variants made here show two nuclei and one.

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

type Options = Omit<ReadNucleiOptions, "seed" | "image">;

async function read(image: string, options: Options = {}) {
  const nuclei = await readNuclei(openFolder(place.model), { seed: 0, image, ...options });
  return { count: nuclei.length, choice: nuclei[0]!.choice, origin: nuclei[0]!.origin };
}

const caseFile = (name: string) =>
  place.file(name, readFileSync(new URL(`../../formats/src/fixtures/cases/${name}`, import.meta.url)));

const right = fieldOfNuclei().data as Uint16Array;
const wrong = fieldOfNuclei([{ x: 50, y: 40 }]).data as Uint16Array;
const dark = right.map((value) => (value > 1000 ? 260 : value)); // nuclei out of focus, almost
const [height, width] = [160, 200];

interface Sizes {
  readonly C: number;
  readonly Z: number;
  readonly T: number;
}

/** A TIFF of DAPI in one channel, sharp at z 1 and at time 0, and of something else in all others. */
function tiff(order: string, sizes: Sizes, names: readonly string[], options: PagesOptions = {}) {
  const count = sizes.C * sizes.Z * sizes.T;
  const dapi = Math.max(0, names.indexOf("DAPI"));
  const planes = Array.from({ length: count }, (_, index) => {
    const at = { C: 0, Z: 0, T: 0 };
    let rest = index;
    for (const axis of order as Iterable<keyof Sizes>) {
      at[axis] = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    if (at.C !== dapi || at.T > 0) return wrong;
    return at.Z === Math.min(1, sizes.Z - 1) ? right : dark;
  });
  const channels = names.map((name) => `<Channel Name="${name}"/>`).join("");
  const description = `<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image
    ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XY${order}" Type="uint16" SizeX="${width}" SizeY="${height}"
    SizeC="${sizes.C}" SizeZ="${sizes.Z}" SizeT="${sizes.T}" PhysicalSizeX="0.5">${channels}<TiffData IFD="0"
    PlaneCount="${count}"/></Pixels></Image></OME>`;
  return place.file("variant.ome.tif", buildTiffPages(planes, width, { description, ...options }));
}

/** [C, H, W] with the given planes, as a folder of OME-Zarr. */
function zarr(planes: readonly Uint16Array[], channelNames: readonly string[]): string {
  const folder = join(place.path, `variant-${channelNames.join("-")}.ome.zarr`);
  for (const [name, bytes] of writeOmeZarr({ ...stackOf(planes), channelNames, pixelSizeMicrons: 0.5 })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

function stackOf(planes: readonly Uint16Array[]) {
  const data = Uint16Array.from(planes.flatMap((plane) => [...plane]));
  return { data: { dtype: "uint16", shape: [planes.length, height, width], data } as const };
}

describe("channels and sections", () => {
  it.each([1, "1", "DAPI", "dapi"])("takes the channel %j and its sharpest plane", async (nucleusChannel) => {
    const { count, choice, origin } = await read(caseFile("xyzct.ome.tif"), { nucleusChannel });
    expect(count).toBe(4);
    expect(choice).toBe("channel 1 (DAPI), plane 2 of z (sharpest of 5)");
    expect(origin).toMatchObject({
      ...{ image: "xyzct.ome.tif", imageInFile: 0, imagesInFile: 1, nucleiInImage: 4 },
      ...{ channel: 1, channelName: "DAPI", channels: 2, zPolicy: "sharpest plane", z: 2, planesOfZ: 5 },
      ...{ time: 0, times: 1, sourcePixelSizeMicrons: 0.4, emptyFraction: 0 },
    });
  });

  it("takes all planes or one where that is asked for", async () => {
    const image = caseFile("xyzct.ome.tif");
    const maximum = await read(image, { nucleusChannel: "DAPI", nucleusZ: "maximum" });
    expect(maximum).toMatchObject({ count: 4, choice: "channel 1 (DAPI), maximum over 5 planes of z" });
    expect(maximum.origin).not.toHaveProperty("z");
    const one = await read(image, { nucleusChannel: "DAPI", nucleusZ: 3 });
    expect(one).toMatchObject({ count: 4, origin: { zPolicy: "plane by number", z: 3 } });
  });

  it.each<[string, Options, string, string]>([
    ["no channel", {}, "nucleusChannel", "say which channel"],
    ["another channel", { nucleusChannel: "Hoechst" }, "nucleusChannel", 'there is no channel "Hoechst"'],
    ["another number", { nucleusChannel: 9 }, "nucleusChannel", "there is no channel 9"],
    ["another plane", { nucleusChannel: 1, nucleusZ: 5 }, "nucleusZ", "there is no plane 5"],
    ["another time", { nucleusChannel: 1, nucleusTime: 1 }, "nucleusTime", "there is no time point 1"],
  ])("names the field and the axes when asked for %s", async (_, options, field, message) => {
    const image = caseFile("xyzct.ome.tif");
    const error = await read(image, options).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: "NucleusError", kind: "data", field });
    expect((error as Error).message).toContain(`${image}: `);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain("channels 0 (GFP) and 1 (DAPI), 5 planes of z");
  });

  it.each<[string, Sizes, string[], PagesOptions]>([
    ["ZCT", { C: 2, Z: 3, T: 1 }, ["DAPI", "GFP"], {}],
    ["CTZ", { C: 3, Z: 3, T: 1 }, ["GFP", "RFP", "DAPI"], { littleEndian: false }],
    ["TZC", { C: 2, Z: 3, T: 2 }, ["GFP", "DAPI"], {}],
  ])("does so in the order %s of %j named %j", async (order, sizes, names, options) => {
    const found = await read(tiff(order, sizes, names, options), { nucleusChannel: "DAPI" });
    expect(found).toMatchObject({ count: 2, origin: { z: 1, planesOfZ: 3, time: 0, times: sizes.T } });
    expect(found.choice).toContain(`channel ${names.indexOf("DAPI")} (DAPI), plane 1 of z (sharpest of 3)`);
  });
});

describe("time points", () => {
  it("takes the first unless another is asked for, and says so", async () => {
    const found = await read(caseFile("timelapse.ome.tif"), { nucleusChannel: 1 });
    expect(found).toMatchObject({ count: 4, choice: "channel 1 (DAPI), time point 0 (of 3)" });
    expect(found.origin).toMatchObject({ time: 0, times: 3, channels: 2 });
  });

  it.each(["CTZ", "TCZ", "ZTC"])("does so in the order %s", async (order) => {
    const image = tiff(order, { C: 2, Z: 1, T: 3 }, ["GFP", "DAPI"]);
    expect(await read(image, { nucleusChannel: 1 })).toMatchObject({ count: 2, origin: { time: 0 } });
    const later = await read(image, { nucleusChannel: 1, nucleusTime: 2 });
    expect(later).toMatchObject({ count: 1, origin: { time: 2, times: 3 } });
  });
});

describe("pages in an order of their own", () => {
  it("takes the page that the text gives to the channel", async () => {
    const found = await read(caseFile("pages_swapped.ome.tif"), { nucleusChannel: 0 });
    expect(found).toMatchObject({ count: 4, choice: "channel 0 (DAPI)" });
  });

  it("takes the planes behind the only page of a large ImageJ stack", async () => {
    const found = await read(caseFile("imagej_one_ifd.tif"), { nucleusChannel: 1 });
    expect(found).toMatchObject({ count: 4, origin: { channel: 1, channels: 2, planesOfZ: 2 } });
  });

  const imageJ = "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nunit=micron\n";
  it.each<[string, PagesOptions]>([
    ["of one page", { onePage: true }],
    ["of one page, big-endian", { onePage: true, littleEndian: false }],
    ["of a page per plane", {}],
  ])("does so for a stack %s", async (_, options) => {
    const image = tiff("CZT", { C: 2, Z: 3, T: 1 }, ["", "DAPI"], { description: imageJ, ...options });
    const found = await read(image, { nucleusChannel: 1, pixelSizeMicrons: 0.5 });
    expect(found).toMatchObject({ count: 2, choice: "channel 1, plane 1 of z (sharpest of 3)" });
  });
});

describe("a pixel size", () => {
  it("is given where an odd tag holds it", async () => {
    const found = await read(caseFile("xresolution_float.tif"), { pixelSizeMicrons: 0.4 });
    expect(found).toMatchObject({ count: 4, origin: { sourcePixelSizeMicrons: 0.4 } });
    expect(found.choice).toBeUndefined();
  });

  it.each<[string, PagesOptions["tags"]]>([
    ["a double outside the file", { 282: [12, [0x7fffffff]] }],
    ["text", { 282: [2, "2000"] }],
    ["a signed byte", { 282: [6, [1]] }],
  ])("is given where the tag is %s", async (_, tags) => {
    const image = place.file("odd.tif", buildTiffPages([right], width, { tags: tags! }));
    expect(await read(image, { pixelSizeMicrons: 0.5 })).toMatchObject({ count: 2 });
  });
});

describe("a mosaic", () => {
  it.each([
    ["stitched_black.ome.tif", "70 %"],
    ["stitched_border.ome.tif", "26 %"],
  ])("has the contrast of its field: %s", async (name, share) => {
    const control = await read(caseFile("control.ome.tif"));
    const { count, choice, origin } = await read(caseFile(name));
    expect({ count, choice }).toEqual({
      count: 4,
      choice: `${share} of the plane is empty and left out of the contrast`,
    });
    const { low, high } = origin.intensityLimits as { low: number; high: number };
    const limits = control.origin.intensityLimits as { low: number; high: number };
    expect(low / limits.low).toBeCloseTo(1, 1);
    expect(high / limits.high).toBeCloseTo(1, 2);
    expect(control).toMatchObject({ count: 4, choice: undefined, origin: { emptyFraction: 0 } });
  });
});

describe("OME-Zarr", () => {
  it.each([
    { planes: [wrong, right], names: ["GFP", "DAPI"] },
    { planes: [right, wrong], names: ["DAPI", "boundary"] },
    { planes: [wrong, wrong, right], names: ["405", "561", "DAPI"] },
  ])("is a folder whose channels have names: $names", async ({ planes, names }) => {
    const folder = zarr(planes, names);
    const found = await read(folder, { nucleusChannel: "DAPI" });
    expect(found).toMatchObject({ count: 2, choice: `channel ${names.indexOf("DAPI")} (DAPI)` });
    expect(found.origin).toMatchObject({
      image: `variant-${names.join("-")}.ome.zarr`,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("gives the same nuclei as the same planes in an OME-TIFF, from another file", async () => {
    const channelNames = ["GFP", "DAPI"];
    const options = { nucleusChannel: 1 };
    const folder = await read(zarr([wrong, right], channelNames), options);
    const stack = { ...stackOf([wrong, right]), channelNames, pixelSizeMicrons: 0.5 };
    const file = await read(place.file("same.ome.tif", writeOmeTiff(stack)), options);
    const { image: _, sha256: folderDigest, ...ofFolder } = folder.origin;
    const { image: __, sha256: fileDigest, ...ofFile } = file.origin;
    expect(ofFolder).toEqual(ofFile);
    expect(folderDigest).not.toBe(fileDigest);
  });

  it("names the folder that is none", async () => {
    await expect(read(place.model)).rejects.toThrow(/model: there is neither zarr\.json nor \.zattrs/);
  });
});
