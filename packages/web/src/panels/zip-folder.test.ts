import { openImage, writeOmeZarr } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { type FolderFile, zipFolder } from "./zip-folder.ts";

const data = Uint16Array.from({ length: 2 * 6 }, (_, at) => 100 * at);
const store = writeOmeZarr({
  data: { dtype: "uint16", shape: [2, 2, 3], data },
  ...{ channelNames: ["GFP", "DAPI"], pixelSizeMicrons: 0.5 },
});
const folder = [...store].map(
  ([path, bytes]): FolderFile => ({
    path: `field.ome.zarr/${path}`,
    file: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  }),
);

describe("a folder of OME-Zarr", () => {
  it("is packed so that it is read as the folder is", async () => {
    const file = await zipFolder(folder);
    expect(file.name).toBe("field.ome.zarr.zip");
    const stack = await openImage(new Uint8Array(await file.arrayBuffer()), { name: file.name });
    expect(stack.channelNames).toEqual(["GFP", "DAPI"]);
    expect(stack.pixelSizeMicrons).toBe(0.5);
    const plane = await stack.readPlane({ c: 1, z: 0, t: 0 });
    expect(Array.from(plane.data as Uint16Array)).toEqual([...data.slice(6)]);
  });
  it("that is none is refused by name", async () => {
    await expect(zipFolder([{ path: "photos/a.txt", file: new Blob(["a"]) }])).rejects.toThrow(
      "photos is no OME-Zarr",
    );
    await expect(zipFolder([])).rejects.toThrow("no OME-Zarr");
  });
});
