import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { openCropPixels } from "./crop-pixels.ts";
import { openStainPixels } from "./stain-pixels.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeEach(async () => {
  atlas = await writeAtlas();
});
afterEach(() => atlas.remove());

/** Writes stains of `count` crops: ER is 51 in all but the second crop, microtubules are missing. */
async function writeStains(count: number, side: number): Promise<void> {
  const data = new Uint8Array(count * side * side * 2);
  for (let i = 0; i < data.length; i += 2) if (Math.floor(i / (2 * side * side)) !== 1) data[i] = 51;
  const stains = writeNpy({ dtype: "uint8", shape: [count, side, side, 2], data });
  await writeFile(join(atlas.path, "stains_u8.npy"), stains);
}

describe("openStainPixels", () => {
  it("gives each stain in [0, 1], and nothing for one that is missing or for a simulated cell", async () => {
    const pixels = await openCropPixels(atlas.path);
    await writeStains(pixels.count, pixels.height);
    const stains = await openStainPixels(atlas.path, pixels);
    const er = await stains.read(0, "er");
    expect(er).toHaveLength(pixels.height * pixels.width);
    expect(er!.every((value) => value === Math.fround(0.2))).toBe(true);
    expect(await stains.read(1, "er")).toBeUndefined();
    expect(await stains.read(0, "microtubules")).toBeUndefined();
    expect(await stains.read(pixels.count, "er")).toBeUndefined();
  });

  it("refuses an atlas without them, and those of other crops", async () => {
    const pixels = await openCropPixels(atlas.path);
    await expect(openStainPixels(atlas.path, pixels)).rejects.toThrow(/has no stains_u8\.npy; train without/);
    await writeStains(pixels.count - 1, pixels.height);
    await expect(openStainPixels(atlas.path, pixels)).rejects.toThrow(/stains_u8\.npy has 23 rows/);
  });
});
