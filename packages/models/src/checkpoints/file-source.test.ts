import { describe, expect, it } from "vitest";
import { CheckpointError, memoryFolder, parseJson, readJson, subfolder, webFolder } from "./file-source.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a folder in memory", () => {
  const folder = memoryFolder(
    new Map([
      ["model_index.json", bytes("{}")],
      ["unet/config.json", bytes('{"a": 1}')],
    ]),
    "tiny",
  );

  it("has its files and no others", async () => {
    expect(await folder.read("unet/config.json")).toEqual(bytes('{"a": 1}'));
    expect(await folder.exists("unet")).toBe(false);
    await expect(folder.read("vae/config.json")).rejects.toThrow("tiny/vae/config.json: no such file");
  });

  it("has folders that know where they are", async () => {
    const inner = subfolder(folder, "unet");
    expect(inner.name).toBe("tiny/unet");
    expect(await inner.exists("config.json")).toBe(true);
    expect(await inner.list?.()).toEqual(["config.json"]);
    expect(await readJson(inner, "config.json")).toEqual({ a: 1 });
  });
});

describe("a folder on a web server", () => {
  const asked: string[] = [];
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    asked.push(`${init?.method ?? "GET"} ${input}`);
    const isThere = String(input) === "https://example.org/models/mini/unet/config.json";
    return new Response(isThere && init === undefined ? "{}" : null, { status: isThere ? 200 : 404 });
  };
  const folder = webFolder("https://example.org/models/mini", answer as typeof fetch);

  it("asks for a file when it is read, and for its head when only its existence counts", async () => {
    asked.length = 0;
    const inner = subfolder(folder, "unet");
    expect(await inner.exists("config.json")).toBe(true);
    expect(await inner.exists("model.safetensors")).toBe(false);
    expect(await readJson(inner, "config.json")).toEqual({});
    expect(asked).toEqual([
      "HEAD https://example.org/models/mini/unet/config.json",
      "HEAD https://example.org/models/mini/unet/model.safetensors",
      "GET https://example.org/models/mini/unet/config.json",
    ]);
    expect(inner.list).toBeUndefined();
  });

  it("says which address the server does not have", async () => {
    await expect(folder.read("config.json")).rejects.toThrow(
      "https://example.org/models/mini/config.json: the server answers 404",
    );
  });

  it("asks for nothing outside itself", async () => {
    asked.length = 0;
    for (const path of ["../other/config.json", "/etc/passwd", "https://elsewhere.org/x"])
      await expect(folder.read(path)).rejects.toThrow(CheckpointError);
    expect(asked).toEqual([]);
  });
});

describe("parseJson", () => {
  it("takes an object and nothing else", () => {
    expect(parseJson('{"a": [1]}', "here")).toEqual({ a: [1] });
    expect(() => parseJson("null", "here")).toThrow("here is no JSON object");
    expect(() => parseJson("{'a': 1}", "here")).toThrow("here is not JSON");
    expect(() => parseJson(Uint8Array.of(0x7b, 0xff, 0x7d), "here")).toThrow("here is not JSON");
  });
});

describe("a JSON object", () => {
  const parse = (text: string) => parseJson(new TextEncoder().encode(text), "x/config.json");
  const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;

  it("is parsed, brackets in its strings not counted", () => {
    const text = { a: `${"[".repeat(500)}\\"{`, b: [{ c: [1] }] };
    expect(parse(JSON.stringify(text))).toEqual(text);
    expect(parse(nested(99))).toHaveProperty("a");
  });

  it.each([
    ["a list", "[]", "x/config.json is no JSON object"],
    ["half of one", '{"a": [', "x/config.json is not JSON"],
    ["nested too deep", nested(100), "x/config.json is not JSON"],
    ["nested without end", nested(1_000_000), "x/config.json is not JSON"],
    ["opened without end", "[".repeat(5_000_000), "x/config.json is not JSON"],
  ])("is refused by name where it is %s", (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: "CheckpointError", kind: "data" }));
  });
});
