import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openModel, withRuntime } from "./model-folder.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "proteoscope-models-"));
});
afterEach(() => rmSync(path, { recursive: true }));

describe("findModelFolder", () => {
  it("opens the folder that is named", async () => {
    writeFileSync(join(path, "model_index.json"), "{}");
    const folder = await openModel(path);
    expect(folder.name).toBe(path);
    expect(new TextDecoder().decode(await folder.read("model_index.json"))).toBe("{}");
  });

  it("opens a model of the Hub that the cache has", async () => {
    const commit = "a".repeat(40);
    const snapshot = join(path, "models--owner--name", "snapshots", commit);
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(snapshot, "model_index.json"), "{}");
    const folder = await openModel(`owner/name@${commit}`, { HF_HUB_CACHE: path });
    expect(folder.name).toBe(snapshot);
    await expect(openModel("owner/name", { HF_HUB_CACHE: path })).rejects.toMatchObject({
      kind: "notFound",
    });
  });

  it("says what a model folder has where there is none", async () => {
    await expect(openModel(path)).rejects.toMatchObject({
      kind: "notFound",
      message: `${path}: no model there (a model folder has a model_index.json)`,
    });
  });
});

describe("withRuntime", () => {
  it("gives a runtime that runs, and closes it when the work is done", async () => {
    let runtime: Runtime | undefined;
    const answer = await withRuntime("cpu", async (opened) => {
      runtime = opened;
      await opened.setState("x", { dtype: "float32", shape: [1], data: Float32Array.of(7) });
      return (await opened.getState("x")).data[0];
    });
    expect(answer).toBe(7);
    await expect(runtime!.getState("x")).rejects.toThrow("is closed");
  });

  it("closes it when the work fails, and passes the failure on", async () => {
    let runtime: Runtime | undefined;
    const work = async (opened: Runtime) => {
      runtime = opened;
      throw new Error("no luck");
    };
    await expect(withRuntime("cpu", work)).rejects.toThrow("no luck");
    await expect(runtime!.getState("x")).rejects.toThrow("is closed");
  });

  it("fails before any work where a device is not there", async () => {
    const work = async () => {
      throw new Error("must not begin");
    };
    await expect(withRuntime("toaster" as "cpu", work)).rejects.toMatchObject({ name: "DeviceError" });
  });
});
