import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { openFolder } from "@proteoscope/models/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readNuclei } from "./nuclei.ts";
import { createWorkplace, fieldOfNuclei, npyOf, tiffOf, type Workplace } from "./testing/model-folder.ts";

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const choose = (options: Partial<Parameters<typeof readNuclei>[1]>) =>
  readNuclei(openFolder(place.model), { seed: 0, ...options });

describe("chooseNuclei", () => {
  it("takes a nucleus of the model's library by seed", async () => {
    const fields = [];
    for (const seed of [0, 1, 2, 3]) {
      const [chosen, ...rest] = await choose({ seed });
      expect(rest).toEqual([]);
      expect(chosen).toMatchObject({ label: "", pixelSizeMicrons: 1, origin: { library: "discs" } });
      expect(chosen!.nucleus).toHaveLength(1600);
      expect(Math.max(...chosen!.distance)).toBeGreaterThan(0);
      fields.push(chosen!.origin.field);
    }
    expect(fields).toEqual(["disc-6", "disc-7", "disc-8", "disc-6"]);
  });

  it("cuts a crop of the model's size and pixels around each nucleus of an image", async () => {
    const image = place.file("two.tif", tiffOf(fieldOfNuclei()));
    const chosen = await choose({ image });
    expect(chosen.map(({ label }) => label)).toEqual(["nucleus0", "nucleus1"]);
    for (const { nucleus, distance, pixelSizeMicrons } of chosen) {
      expect(pixelSizeMicrons).toBe(1);
      expect(nucleus).toHaveLength(1600);
      // A radius of 7 um at 1 um a pixel.
      expect(Math.max(...distance)).toBeGreaterThan(5);
      expect(Math.max(...distance)).toBeLessThan(9);
    }
    expect(chosen[1]!.origin).toMatchObject({
      image: "two.tif",
      sha256: createHash("sha256").update(readFileSync(image)).digest("hex"),
      channel: 0,
      nucleus: 1,
      nucleiInImage: 2,
      firstPixel: { x: 50, y: 30 },
    });
    expect(await choose({ image, maxNuclei: 1 })).toHaveLength(1);
  });

  it("needs no label for the only nucleus, and prefers the pixel size of the user", async () => {
    const image = place.file("one.tif", tiffOf(fieldOfNuclei([{ x: 50, y: 40 }]), 30));
    const [only, ...rest] = await choose({ image, pixelSizeMicrons: 0.5 });
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ label: "", origin: { sourcePixelSizeMicrons: 0.5 } });
  });

  it("takes the channel that is asked for", async () => {
    const { dtype, shape, data } = fieldOfNuclei();
    const stack = Uint16Array.from([...data].map(() => 5).concat([...data].map(Number)));
    const image = place.file("stack.npy", npyOf({ dtype, shape: [2, ...shape], data: stack }));
    const options = { image, pixelSizeMicrons: 0.5 };
    expect(await choose({ ...options, nucleusChannel: 1 })).toHaveLength(2);
    await expect(choose({ ...options, nucleusChannel: 0 })).rejects.toMatchObject({
      name: "NucleusError",
      kind: "data",
      message: expect.stringMatching(/stack\.npy: channel 0 is empty/),
    });
  });
});
