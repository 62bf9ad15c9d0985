import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openImage } from "../image/open-image.ts";
import { writeOmeZarr } from "../ome/write-ome-zarr.ts";
import { zipStore } from "./zip-store.ts";

const data = Float32Array.from({ length: 2 * 4 * 5 }, (_, i) => i);
const written = writeOmeZarr({
  data: { dtype: "float32", shape: [1, 2, 4, 5], data },
  channelNames: ["GFP", "DAPI"],
  channelColors: [0x00ff00, 0x0000ff],
  pixelSizeMicrons: 0.5,
  name: "own",
  attributes: {},
});
const packed = (folder: string, options: object = {}) =>
  zipSync(Object.fromEntries([...written].map(([path, bytes]) => [`${folder}${path}`, bytes])), options);

describe("an OME-Zarr in a zip archive", () => {
  it.each([
    ["packed with its folder", packed("field.ome.zarr/")],
    ["packed without it", packed("")],
    ["stored", packed("", { level: 0 })],
  ])("%s is read as the folder is", async (_, bytes) => {
    const image = await openImage(bytes, { name: "field.ome.zarr.zip" });
    expect(image).toMatchObject({
      width: 5,
      height: 4,
      sizeC: 2,
      channelNames: ["GFP", "DAPI"],
      pixelSizeMicrons: 0.5,
    });
    const { data: plane } = await image.readPlane({ c: 1, z: 0, t: 0 });
    expect(plane).toEqual(data.slice(20));
  });

  it("gives parts of files, and nothing for those that it does not hold", async () => {
    const store = zipStore(packed("a/"))!;
    expect(await store.get("nothing")).toBeUndefined();
    const whole = (await store.get("zarr.json"))!;
    expect(await store.get("zarr.json", { offset: 1, length: 3 })).toEqual(whole.slice(1, 4));
    expect(await store.get("zarr.json", { suffixLength: 2 })).toEqual(whole.slice(-2));
  });

  it("is none where the archive holds no Zarr", async () => {
    const other = zipSync({ "a.txt": new Uint8Array(3) });
    expect(zipStore(other)).toBeUndefined();
    await expect(openImage(other)).rejects.toThrow(/a zip archive is not read/);
  });

  it("cannot unfold to more than it says", async () => {
    const bomb = zipSync({ "zarr.json": new Uint8Array(20_000_000) });
    const view = new DataView(bomb.buffer);
    const central = view.getUint32(bomb.length - 6, true);
    view.setUint32(central + 24, 400 * 2 ** 20, true); // the size in the directory
    await expect(openImage(bomb)).rejects.toThrow(/cannot unfold/);
    view.setUint32(central + 24, 1000, true);
    await expect(openImage(bomb)).rejects.toThrow();
  });
});
