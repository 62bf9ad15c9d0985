import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findModelFolder, withModel } from "./model-folder.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "proteoscope-models-"));
});
afterEach(() => rmSync(path, { recursive: true }));

describe("findModelFolder", () => {
  it("opens the folder that is named", async () => {
    writeFileSync(join(path, "model_index.json"), "{}");
    const folder = await findModelFolder(path);
    expect(folder.name).toBe(path);
    expect(new TextDecoder().decode(await folder.read("model_index.json"))).toBe("{}");
  });

  it("says what a model folder has where there is none", async () => {
    await expect(findModelFolder(path)).rejects.toMatchObject({
      exitCode: 4,
      message: `${path}: no model there (a model folder has a model_index.json)`,
    });
  });
});

describe("withModel", () => {
  const opening = () => {
    const calls: string[] = [];
    return { calls, opened: { name: "opened", close: async () => void calls.push("close") } };
  };

  it("opens on a runtime that runs, and closes both when the work is done", async () => {
    const { calls, opened } = opening();
    let close: (() => Promise<void>) | undefined;
    const result = await withModel(
      "cpu",
      async () => "model",
      (runtime, model) => {
        expect(model).toBe("model");
        expect(runtime.device).toBe("cpu");
        close = () => runtime.getState("none").then(() => undefined);
        return opened;
      },
      async ({ name }) => `${name} used`,
    );
    expect(result).toBe("opened used");
    expect(calls).toEqual(["close"]);
    await expect(close!()).rejects.toThrow();
  });

  it("closes what it opened when the work fails", async () => {
    const { calls, opened } = opening();
    const work = async () => {
      throw new Error("no luck");
    };
    await expect(
      withModel(
        "cpu",
        async () => 1,
        () => opened,
        work,
      ),
    ).rejects.toThrow("no luck");
    expect(calls).toEqual(["close"]);
  });

  it("tells what is wrong with the model, or with the device before that", async () => {
    const read = async () => {
      throw new Error("bad model");
    };
    const open = () => opening().opened;
    const work = async () => 1;
    await expect(withModel("cpu", read, open, work)).rejects.toThrow("bad model");
    const device = "toaster" as "cpu";
    await expect(withModel(device, read, open, work)).rejects.toMatchObject({ name: "DeviceError" });
  });
});
