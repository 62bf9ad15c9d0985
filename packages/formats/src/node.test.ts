import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "./errors.ts";
import { openImage } from "./image/open-image.ts";
import { selectPlane } from "./image/select-plane.ts";
import { folderStore } from "./node.ts";
import { writeOmeZarr } from "./ome/write-ome-zarr.ts";
import { countAreas, drawDiscs, side } from "./testing/discs.ts";
import { readZarrFixtures } from "./testing/zarr.ts";

const root = mkdtempSync(join(tmpdir(), "folder-store-"));
afterAll(() => rmSync(root, { recursive: true }));

function writeFolder(name: string, files: ReadonlyMap<string, Uint8Array>): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), bytes);
  }
  return join(root, name);
}

describe("folderStore", () => {
  const folder = writeFolder("store", new Map([["a/b", Uint8Array.of(1, 2, 3, 4)]]));
  const store = folderStore(folder);

  it("gives files and parts of them, and nothing where there is none", async () => {
    expect(await store.get("a/b")).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(await store.get("a/b", { offset: 1, length: 2 })).toEqual(Uint8Array.of(2, 3));
    expect(await store.get("a/b", { suffixLength: 3 })).toEqual(Uint8Array.of(2, 3, 4));
    for (const key of ["a/c", "c", "a/b/c"]) expect(await store.get(key)).toBeUndefined();
    expect(await folderStore(join(root, "nowhere")).get("a")).toBeUndefined();
  });

  it("follows links inside the folder and none that lead out of it", async () => {
    writeFileSync(join(root, "secret"), "secret");
    mkdirSync(join(root, "store-beside"));
    writeFileSync(join(root, "store-beside", "x"), "beside");
    symlinkSync(join(folder, "a"), join(folder, "inside"));
    symlinkSync(join(root, "secret"), join(folder, "outside"));
    symlinkSync(join(root, "store-beside"), join(folder, "beside"));
    symlinkSync(folder, join(root, "link"));
    expect(await store.get("inside/b")).toHaveLength(4);
    expect(await folderStore(join(root, "link")).get("a/b")).toHaveLength(4);
    for (const key of ["outside", "beside/x"])
      await expect(store.get(key)).rejects.toThrow(/lies outside the folder/);
    for (const key of ["../secret", "/etc/passwd", "a/../../secret"])
      await expect(store.get(key)).rejects.toThrow(FormatError);
  });

  it("refuses what is no file, and does not wait for it", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    symlinkSync("/dev/zero", join(folder, "zero"));
    await expect(store.get("a")).rejects.toThrow(/a is no file/);
    await expect(store.get("pipe")).rejects.toThrow(/pipe is no file/);
    await expect(store.get("zero")).rejects.toThrow(/lies outside the folder/);
  });

  it("refuses a file of gigabytes, but gives a part of it", async () => {
    execFileSync("truncate", ["-s", "2G", join(folder, "large")]);
    await expect(store.get("large")).rejects.toThrow(/large has 2147483648 bytes, above 536870912/);
    expect(await store.get("large", { suffixLength: 4 })).toEqual(new Uint8Array(4));
  });
});

describe("an OME-Zarr folder", () => {
  it("of another writer gives its planes, from shards too", async () => {
    for (const name of ["v2 blosc lz4", "v3 shards"]) {
      const { files, array } = readZarrFixtures().get(name)!;
      const stack = await openImage(folderStore(writeFolder(name, files)), { name });
      const { data } = await stack.readPlane({ c: 0, z: 0, t: 0 });
      expect(data).toEqual(array.data.slice(0, data.length));
    }
  });

  it("of our own gives the plane of nuclei by name", async () => {
    const planes = [drawDiscs({ discs: 3, radius: 12 }), drawDiscs({ discs: 4, radius: 6 })];
    const data = Uint16Array.from(planes.flatMap((plane) => [...plane]));
    const files = writeOmeZarr({
      data: { dtype: "uint16", shape: [2, side, side], data },
      channelNames: ["protein", "nucleus"],
      pixelSizeMicrons: 0.4126,
    });
    const stack = await openImage(folderStore(writeFolder("own.zarr", files)));
    const { values, width, selection, pixelSizeMicrons } = await selectPlane(stack, { channel: "nucleus" });
    expect([countAreas(values, width), pixelSizeMicrons]).toEqual([4, 0.4126]);
    expect(selection).toMatchObject({ channel: 1, channelName: "nucleus", zPolicy: "only plane" });
  });

  it("that is none is refused, with its name and what to do", async () => {
    const empty = mkdtempSync(join(root, "empty-"));
    await expect(openImage(folderStore(empty), { name: "cells.zarr" })).rejects.toThrow(
      /^ome-zarr: cells.zarr: there is neither zarr.json nor .zattrs in the folder; give the folder of an OME-Zarr image$/,
    );
  });
});
