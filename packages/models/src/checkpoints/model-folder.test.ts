import { describe, expect, it } from "vitest";
import { memoryFolder } from "./file-source.ts";
import { findConfig, hasNetwork, languageModelFolder } from "./model-folder.ts";

describe("the language model of a folder", () => {
  it("is in plm, or the folder itself where it was published", async () => {
    const file = new Uint8Array(1);
    const inside = await languageModelFolder(memoryFolder(new Map([["plm/config.json", file]]), "m"));
    expect(inside.name).toBe("m/plm");
    expect((await languageModelFolder(memoryFolder(new Map([["model.pt", file]]), "m"))).name).toBe("m");
  });
});

describe("a folder of weights", () => {
  const file = new TextEncoder().encode('{"outside": true}');
  const folder = memoryFolder(new Map([["config.json", file]]), "m");

  it("has its configuration in the metadata, else beside the weights, else nowhere", async () => {
    const path = "model.safetensors";
    expect(await findConfig(folder, { path, metadata: { config: '{"inside": 1}' } })).toEqual({ inside: 1 });
    expect(await findConfig(folder, { path, metadata: {} })).toEqual({ outside: true });
    expect(await findConfig(memoryFolder(new Map()), { path, metadata: {} })).toBeUndefined();
    await expect(findConfig(folder, { path, metadata: { config: "{" } })).rejects.toThrow(
      "m/model.safetensors, its configuration, is not JSON",
    );
  });

  it("has a network where half of its files are there", async () => {
    expect(await hasNetwork(folder)).toBe(true);
    expect(await hasNetwork(memoryFolder(new Map([["model.safetensors", file]])))).toBe(true);
    expect(await hasNetwork(memoryFolder(new Map([["README.md", file]])))).toBe(false);
  });
});
