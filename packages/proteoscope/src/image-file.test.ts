import { createHash } from "node:crypto";
import { mapStore } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { digestStore } from "./image-file.ts";

const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");
const bytes = {
  "zarr.json": Buffer.from("{}"),
  "0/c/0": Buffer.from("pixels"),
  "0/zarr.json": Buffer.from("[]"),
};
const open = () => digestStore(mapStore(new Map(Object.entries(bytes))));

describe("the digest of a folder", () => {
  it("is that of the lines of sha256sum over the files that were read, sorted by name", async () => {
    const { store, sha256: digest } = open();
    for (const key of ["zarr.json", "0/c/0", "0/zarr.json", "zarr.json", "absent"]) await store.get(key);
    const lines = (["0/c/0", "0/zarr.json", "zarr.json"] as const).map(
      (name) => `${sha256(bytes[name])}  ${name}\n`,
    );
    expect(digest()).toBe(sha256(lines.join("")));
  });

  it("does not depend on the order of reading, and does on what was read", async () => {
    const digests = [];
    for (const keys of [["zarr.json", "0/c/0"], ["0/c/0", "zarr.json"], ["0/c/0"]]) {
      const { store, sha256: digest } = open();
      for (const key of keys) await store.get(key);
      digests.push(digest());
    }
    expect(digests[1]).toBe(digests[0]);
    expect(digests[2]).not.toBe(digests[0]);
  });

  it("names parts of files by their range", async () => {
    const { store, sha256: digest } = open();
    expect(await store.get("0/c/0", { offset: 1, length: 2 })).toEqual(Buffer.from("ix"));
    await store.get("0/c/0", { suffixLength: 3 });
    expect(digest()).toBe(sha256(`${sha256("els")}  0/c/0@-3\n${sha256("ix")}  0/c/0@1+2\n`));
  });
});
