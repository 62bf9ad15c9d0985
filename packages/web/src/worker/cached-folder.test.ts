import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Arrived, type ByteCache, cachedFolder, countCached } from "./cached-folder.ts";

const address = "https://host.example/page/model/";
const text = (value: string) => new TextEncoder().encode(value);
const files = ["unet/weights", "config.json"].map((path) => ({
  path,
  bytes: path.length,
  sha256: createHash("sha256").update(text(path)).digest("hex"),
}));

function setUp(served: (path: string) => Response = (path) => new Response(path)) {
  const stored = new Map<string, Response>();
  const cache: ByteCache = {
    match: async (key) => stored.get(key)?.clone(),
    put: async (key, response) => void stored.set(key, response),
  };
  const fetched: string[] = [];
  const arrived: Arrived[] = [];
  const fetchFile = async (url: string) => {
    fetched.push(url);
    return served(url.slice(address.length));
  };
  const options = { name: "mini", cache, fetchFile, onArrived: (one: Arrived) => void arrived.push(one) };
  return { folder: cachedFolder(address, files, options), options, cache, stored, fetched, arrived };
}

describe("a folder of weights in a browser", () => {
  it("fetches a file once, and takes it from the cache afterwards", async () => {
    const { folder, fetched, arrived, stored } = setUp();
    expect(await folder.read("unet/weights")).toEqual(text("unet/weights"));
    expect(await folder.read("unet/weights")).toEqual(text("unet/weights"));
    expect(fetched).toEqual([`${address}unet/weights`]);
    expect(arrived.map(({ cached }) => cached)).toEqual([false, true]);
    expect([...stored.keys()]).toEqual([`${address}by-sha256/${files[0]!.sha256}`]);
  });

  it("says how many bytes are in the cache before anything is fetched", async () => {
    const { folder, cache } = setUp();
    expect(await countCached(address, files, cache)).toBe(0);
    await folder.read("config.json");
    expect(await countCached(address, files, cache)).toBe("config.json".length);
    expect(await countCached(address, files, undefined)).toBe(0);
  });

  it("refuses bytes with another hash, and does not store them", async () => {
    const { folder, stored } = setUp(() => new Response("something else"));
    await expect(folder.read("config.json")).rejects.toThrow(
      "it is not the file that the page was built with",
    );
    expect(stored.size).toBe(0);
  });

  it("names the address and the status of an answer that is no success", async () => {
    const { folder } = setUp(() => new Response("", { status: 503 }));
    await expect(folder.read("config.json")).rejects.toThrow(`${address}config.json: the server answers 503`);
  });

  it("has the listed files and no others", async () => {
    const { folder, fetched } = setUp();
    expect(await folder.exists("config.json")).toBe(true);
    expect(await folder.exists("other")).toBe(false);
    await expect(folder.read("../secret")).rejects.toThrow("mini/../secret: no such file");
    expect(fetched).toEqual([]);
  });

  it("reads on where the cache is full or absent", async () => {
    const { options } = setUp();
    const full: ByteCache = { match: async () => undefined, put: () => Promise.reject(new Error("quota")) };
    for (const cache of [full, undefined])
      expect(await cachedFolder(address, files, { ...options, cache }).read("config.json")).toEqual(
        text("config.json"),
      );
  });
});
