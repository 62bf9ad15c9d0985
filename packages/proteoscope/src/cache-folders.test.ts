import { join } from "node:path";
import { expect, it } from "vitest";
import { cacheFolders } from "./cache-folders.ts";

const home = join("/", "u", "someone");

it("lie under ~/.cache where nothing is set, and empty variables set nothing", () => {
  const expected = {
    huggingFace: join(home, ".cache", "huggingface", "hub"),
    proteoscope: join(home, ".cache", "proteoscope"),
    released: join(home, ".cache", "proteoscope", "released"),
    sessions: join(home, ".cache", "proteoscope", "sessions"),
    frozen: join(home, ".cache", "proteoscope", "frozen"),
    embeddings: join(home, ".cache", "proteoscope", "embeddings"),
  };
  expect(cacheFolders({}, home)).toEqual(expected);
  expect(cacheFolders({ XDG_CACHE_HOME: "", HF_HOME: "", HF_HUB_CACHE: "" }, home)).toEqual(expected);
});

it("follow the variables, the most particular first", () => {
  expect(cacheFolders({ XDG_CACHE_HOME: "/c" }, home)).toEqual({
    huggingFace: join("/c", "huggingface", "hub"),
    proteoscope: join("/c", "proteoscope"),
    released: join("/c", "proteoscope", "released"),
    sessions: join("/c", "proteoscope", "sessions"),
    frozen: join("/c", "proteoscope", "frozen"),
    embeddings: join("/c", "proteoscope", "embeddings"),
  });
  expect(cacheFolders({ XDG_CACHE_HOME: "/c", HF_HOME: "/h" }, home).huggingFace).toBe(join("/h", "hub"));
  expect(cacheFolders({ HF_HOME: "/h", HF_HUB_CACHE: "/hub" }, home).huggingFace).toBe("/hub");
});

it("hold no compiled networks and no results where these are not to be stored", () => {
  const { sessions, frozen, embeddings } = cacheFolders({ PROTEOSCOPE_KEEP_SESSIONS: "0" }, home);
  expect([sessions, frozen, embeddings]).toEqual([undefined, undefined, undefined]);
});
