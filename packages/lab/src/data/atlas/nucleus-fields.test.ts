import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeNpz } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { readNucleusFields } from "./nucleus-fields.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeEach(async () => {
  atlas = await writeAtlas();
});
afterEach(() => atlas.remove());

const plane = (height: number, width: number) =>
  ({ dtype: "uint16", shape: [height, width], data: new Uint16Array(height * width) }) as const;
const scale = (value: number) => ({ dtype: "float64", shape: [], data: Float64Array.of(value) }) as const;
const write = (...entries: Parameters<typeof writeNpz>[0] extends Iterable<infer E> ? E[] : never) =>
  writeFile(join(atlas.path, "nuclei_fovs.npz"), writeNpz(entries));

describe("readNucleusFields", () => {
  it("reads images, labels and the pixel size", async () => {
    const [field, ...others] = await readNucleusFields(atlas.path);
    expect(others).toEqual([]);
    expect(field).toMatchObject({ name: "good", height: 2, width: 3, micronsPerPixel: 0.2063 });
    expect([...field!.image]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("names what is missing or does not fit", async () => {
    await write(["img__a", plane(2, 3)], ["lab__a", plane(2, 3)]);
    await expect(readNucleusFields(atlas.path)).rejects.toThrow(/lacks a positive um_per_px/);
    await write(["img__a", plane(2, 3)], ["um_per_px", scale(0.2)]);
    await expect(readNucleusFields(atlas.path)).rejects.toThrow(/lab__a is missing/);
    await write(["img__a", plane(2, 3)], ["lab__a", plane(3, 2)], ["um_per_px", scale(0.2)]);
    await expect(readNucleusFields(atlas.path)).rejects.toThrow(/lab__a is not of the size of img__a/);
    await write(["img__a", scale(1)], ["lab__a", plane(1, 1)], ["um_per_px", scale(0.2)]);
    await expect(readNucleusFields(atlas.path)).rejects.toThrow(/img__a is float64 \[\], not uint16/);
  });
});
