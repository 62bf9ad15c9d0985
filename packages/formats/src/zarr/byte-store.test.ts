import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { checkStoreKey, mapStore, resolveRange } from "./byte-store.ts";

describe("checkStoreKey", () => {
  it.each(["zarr.json", "0/c/0/0", "a-b_c.d/0", "plate/\u00e4\u03bc", ".zattrs", "..x", "0/0.1.2"])(
    "lets %j pass",
    (key) => {
      expect(checkStoreKey(key)).toBe(key);
    },
  );

  it.each([
    ...["", "/", "/etc/passwd", "../x", "a/../b", "a/./b", "a//b", "a/", "a\\b", "%2e%2e", "a%2fb"],
    ...["a?b", "a#b", "file:x", "a b", "a\0b", "a\nb", undefined, null, 7, ["a"], {}],
  ])("refuses %j", (key) => {
    expect(() => checkStoreKey(key)).toThrow(FormatError);
  });
});

describe("resolveRange", () => {
  it("stays inside the file", () => {
    expect(resolveRange(undefined, 10)).toEqual({ start: 0, end: 10 });
    expect(resolveRange({ offset: 2, length: 3 }, 10)).toEqual({ start: 2, end: 5 });
    expect(resolveRange({ offset: 8, length: 1e12 }, 10)).toEqual({ start: 8, end: 10 });
    expect(resolveRange({ offset: 1e12, length: 5 }, 10)).toEqual({ start: 10, end: 10 });
    expect(resolveRange({ suffixLength: 4 }, 10)).toEqual({ start: 6, end: 10 });
    expect(resolveRange({ suffixLength: 40 }, 10)).toEqual({ start: 0, end: 10 });
  });
});

describe("mapStore", () => {
  it("gives files and parts of them, and nothing where there is none", async () => {
    const store = mapStore(new Map([["a/b", Uint8Array.of(1, 2, 3, 4)]]));
    expect(await store.get("a/b")).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(await store.get("a/b", { offset: 1, length: 2 })).toEqual(Uint8Array.of(2, 3));
    expect(await store.get("a/b", { suffixLength: 1 })).toEqual(Uint8Array.of(4));
    expect(await store.get("a")).toBeUndefined();
  });
});
