import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { describeAxes } from "../image/image-stack.ts";
import type { OmeTiffImage } from "../ome/ome-tiff-image.ts";
import { writeOmeTiff } from "../ome/write-ome-tiff.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { buildTiff, buildTiffPages, type PagesOptions, type TiffTag } from "../testing/tiff.ts";
import { openTiff } from "./open-tiff.ts";

/** Pages of 2 x 1 pixels whose first value is their number. */
const pages = (count: number, options: PagesOptions = {}) =>
  buildTiffPages(
    Array.from({ length: count }, (_, index) => Uint16Array.of(index, 9)),
    2,
    options,
  );
const firstValue = async (stack: ReturnType<typeof openTiff>, c: number, z = 0, t = 0) =>
  Number((await stack.readPlane({ c, z, t })).data[0]);

const ome = (sizes: readonly [c: number, z: number, t: number], data: string, root = "", channels = "") => {
  const [c, z, t] = sizes;
  const pixels = `<Pixels DimensionOrder="XYCZT" SizeC="${c}" SizeZ="${z}" SizeT="${t}">${channels}${data}</Pixels>`;
  return `<OME xmlns="x"${root}><Image Name="a">${pixels}</Image></OME>`;
};
const uuid = (name: string, id: string) => `<UUID FileName="${name}">urn:uuid:${id}</UUID>`;

describe("openTiff on OME-TIFF", () => {
  it("reads every image that our own writer wrote, by its number", async () => {
    const values = Uint8Array.from({ length: 12 }, (_, index) => index);
    const data: OmeTiffImage["data"] = { dtype: "uint8", shape: [3, 2, 1, 2], data: values };
    const bytes = writeOmeTiff({
      data,
      channelNames: ["protein", "nucleus"],
      pixelSizeMicrons: 0.4,
      name: "FBL",
    });
    for (const series of [0, 1, 2]) {
      const stack = openTiff(bytes, { series });
      expect(describeAxes(stack)).toBe(`channels 0 (protein) and 1 (nucleus), image ${series} of 3`);
      expect(stack).toMatchObject({ pixelSizeMicrons: 0.4, series: { name: `FBL ${series + 1}` } });
      expect([await firstValue(stack, 0), await firstValue(stack, 1)]).toEqual([4 * series, 4 * series + 2]);
    }
    expect(() => openTiff(bytes, { series: 3 })).toThrow(/there is no image 3 among its 3, from 0/);
  });

  describe("of several files", () => {
    const data =
      `<TiffData FirstC="0" IFD="0">${uuid("c0.ome.tif", "0")}</TiffData>` +
      `<TiffData FirstC="1" IFD="0">${uuid("c1.ome.tif", "1")}</TiffData>`;

    it("reads what is in this one, and names the file of what is not", async () => {
      const stack = openTiff(pages(1, { description: ome([2, 1, 1], data, ' UUID="urn:uuid:1"') }));
      expect(await firstValue(stack, 1)).toBe(0);
      expect(() => stack.readPlane({ c: 0, z: 0, t: 0 })).toThrow(
        /is in another file, "c0.ome.tif"; give that file/,
      );
    });

    it("knows this one by its name where it has no identity", async () => {
      const bytes = pages(1, { description: ome([2, 1, 1], data) });
      for (const name of ["c1.ome.tif", "folder/C1.ome.tif", "folder\\c1.ome.tif"]) {
        const stack = openTiff(bytes, { name });
        expect(await firstValue(stack, 1)).toBe(0);
        expect(() => stack.readPlane({ c: 0, z: 0, t: 0 })).toThrow(FormatError);
      }
    });

    it("is refused where none of it is in this one", () => {
      const bytes = pages(1, { description: ome([2, 1, 1], data) });
      expect(() => openTiff(bytes, { name: "other.tif" })).toThrow(
        /its planes are in another file, "c0.ome.tif"/,
      );
    });

    it("is one file where all planes name the same, whatever it is called now", async () => {
      const same = `<TiffData IFD="0" PlaneCount="2">${uuid("before.ome.tif", "7")}</TiffData>`;
      expect(await firstValue(openTiff(pages(2, { description: ome([2, 1, 1], same) })), 1)).toBe(1);
    });
  });

  it("refuses a plane that the file lacks, when it is read and not before", async () => {
    const stack = openTiff(pages(2, { description: ome([2, 3, 1], '<TiffData IFD="0" PlaneCount="6"/>') }));
    expect(await firstValue(stack, 1, 0)).toBe(1);
    expect(() => stack.readPlane({ c: 0, z: 1, t: 0 })).toThrow(
      /channel 0, plane 1 of z, time point 0 is not in the file/,
    );
  });

  it("refuses channels that do not fit the samples of its pages", () => {
    const tags: PagesOptions["tags"] = { 256: [3, [1]], 258: [3, [16, 16]], 277: [3, [2]] };
    const bytes = pages(1, { description: ome([3, 1, 1], "<TiffData/>"), tags: tags! });
    expect(() => openTiff(bytes)).toThrow(/3 channels do not fit pages of 2 samples per pixel/);
  });

  it.each<[string, string]>([
    ["of a million planes", ome([1e6, 1e6, 1e6], '<TiffData IFD="0" PlaneCount="4000000000"/>')],
    ["of many lists", ome([99_999, 1, 1], '<TiffData IFD="0" PlaneCount="4000000000"/>'.repeat(5000))],
  ])("takes no time for a description %s", (_, description) => {
    const start = cpuTimeMs();
    expect(openTiff(pages(3, { description })).sizeC).toBeGreaterThan(9999);
    expect(cpuTimeMs() - start).toBeLessThan(1500);
  });

  it("refuses a description that lists far more planes than a file could hold", () => {
    const other = `<TiffData PlaneCount="400000">${uuid("x.ome.tif", "5")}</TiffData>`;
    const description = ome(
      [999_999, 1, 1],
      `<TiffData IFD="0">${uuid("y", "4")}</TiffData>${other.repeat(3)}`,
      ' UUID="urn:uuid:4"',
    );
    expect(() => openTiff(pages(1, { description }))).toThrow(/lists more than 1000000 planes/);
  });
});

describe("openTiff on ImageJ's properties", () => {
  const imageJ = (lines: string) => `ImageJ=1.54f\n${lines}`;

  it("takes a plain stack for sections", async () => {
    for (const onePage of [false, true]) {
      const stack = openTiff(pages(3, { description: imageJ("images=3\nslices=3\nloop=false\n"), onePage }));
      expect([describeAxes(stack), await firstValue(stack, 0, 2)]).toEqual([
        "only channel 0, 3 planes of z",
        2,
      ]);
    }
    expect(openTiff(pages(3, { description: imageJ("images=3\n"), onePage: true })).sizeZ).toBe(3);
    expect(openTiff(pages(3, { description: imageJ("") })).sizeZ).toBe(3);
  });

  it.each<[string, string, number, boolean, RegExp]>([
    [
      "more planes than pages",
      "channels=2\nslices=3\n",
      4,
      false,
      /speaks of 6 planes, but the file has 4 pages/,
    ],
    ["fewer planes than pages", "channels=2\n", 4, false, /speaks of 2 planes, but the file has 4 pages/],
    ["no channels", "channels=0\n", 1, false, /its channels are "0"/],
    ["half a frame", "frames=1.5\n", 1, false, /its frames are "1.5"/],
  ])("refuses %s", (_, lines, count, onePage, message) => {
    expect(() => openTiff(pages(count, { description: imageJ(lines), onePage }))).toThrow(message);
  });

  it("refuses planes behind the only page that lie outside the file, when they are read", async () => {
    const stack = openTiff(pages(2, { description: imageJ("slices=1000\n"), onePage: true }));
    expect(await firstValue(stack, 0, 1)).toBe(1);
    expect(() => stack.readPlane({ c: 0, z: 900, t: 0 })).toThrow(/lies outside the file/);
  });

  it("refuses planes behind a page that is compressed or in pieces", () => {
    const tags: Record<number, TiffTag>[] = [
      { 259: [3, [8]] },
      { 278: [3, [1]], 257: [3, [2]], 256: [3, [1]], 273: [4, [8, 12]], 279: [4, [2, 2]] },
    ];
    for (const more of tags) {
      const bytes = pages(3, { description: imageJ("slices=3\n"), onePage: true, tags: more });
      expect(() => openTiff(bytes)).toThrow(/ImageJ speaks of 3 planes, but the file has 1 pages/);
    }
  });
});

describe("openTiff on pages without a description", () => {
  it("takes each for a channel, and the samples of one for channels", async () => {
    const stack = openTiff(readFixture("rgb-interleaved.tif"));
    expect(describeAxes(stack)).toBe("channels 0 (red), 1 (green) and 2 (blue)");
    expect([await firstValue(stack, 0), await firstValue(stack, 2)]).toEqual([0, 2000]);
    expect(describeAxes(openTiff(pages(3)))).toBe("channels 0 to 2");
    expect(() => openTiff(pages(3), { series: 1 })).toThrow(/there is no image 1: the file has one/);
  });

  it("refuses what only the microscope's maker knows to read", () => {
    const stk = pages(1, { tags: { 33629: [4, [1, 2, 3, 4, 5, 6, 7]] } });
    expect(() => openTiff(stk)).toThrow(
      /the channels and sections of a MetaMorph stack are not read; export it as OME/,
    );
    const lsm = (count: number) => pages(count, { tags: { 34412: [4, [1]] } });
    expect(() => openTiff(lsm(2))).toThrow(/of a Zeiss LSM stack are not read/);
    expect(openTiff(lsm(1)).sizeC).toBe(1);
  });

  it("refuses a camera's raw file, whose first page is a thumbnail", () => {
    const bytes = pages(1, { tags: { 254: [4, [1]], 330: [4, [8]] } });
    expect(() => openTiff(bytes)).toThrow(/its full picture lies behind a thumbnail/);
    expect(openTiff(pages(1, { tags: { 254: [4, [1]] } })).sizeC).toBe(1);
  });

  it("reads strips whose lengths are left out", async () => {
    const tags: Record<number, TiffTag> = {
      ...{ 256: [3, [2]], 257: [3, [3]], 258: [3, [8]], 273: [4, [8, 12]], 278: [3, [2]] },
    };
    const stack = openTiff(buildTiff(Uint8Array.of(1, 2, 3, 4, 5, 6), tags));
    expect((await stack.readPlane({ c: 0, z: 0, t: 0 })).data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
  });
});

describe("openTiff", () => {
  it.each(["tifffile.ome.tif", "imagej.tif", "cases/xyzct.ome.tif", "cases/pages_swapped.ome.tif"])(
    "reads or refuses each of 300 damaged copies of %s",
    async (name) => {
      // The description lies near the beginning, where damage to it is likely.
      const outcome = await readMutated(readFixture(name), 300, async (damaged) => {
        const stack = openTiff(damaged);
        const last = { c: Math.min(stack.sizeC, 9) - 1, z: Math.min(stack.sizeZ, 9) - 1, t: 0 };
        for (const index of [{ c: 0, z: 0, t: 0 }, last]) {
          const { data, shape } = await stack.readPlane(index);
          expect([shape, data.length]).toEqual([[stack.height, stack.width], stack.height * stack.width]);
        }
      });
      expect(Math.min(outcome.read, outcome.refused)).toBeGreaterThan(10);
    },
  );

  it("reads or refuses each of 1000 damaged descriptions", async () => {
    const channels = '<Channel Name="a"/><Channel Name="b"/>';
    const text = new TextEncoder().encode(ome([2, 2, 1], '<TiffData IFD="0" PlaneCount="4"/>', "", channels));
    const outcome = await readMutated(text, 1000, async (damaged) => {
      const description = String.fromCharCode(...damaged).replaceAll("\0", " ");
      const stack = openTiff(pages(4, { description }));
      await firstValue(stack, stack.sizeC - 1, stack.sizeZ - 1, stack.sizeT - 1);
    });
    expect(Math.min(outcome.read, outcome.refused)).toBeGreaterThan(100);
  });
});
