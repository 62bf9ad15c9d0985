import { rmSync } from "node:fs";
import { join } from "node:path";
import { memoryFolder } from "@proteoscope/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWorkplace, type Workplace } from "../../testing/model-folder.ts";
import { findEvaluatedModel } from "./evaluated-model.ts";

const shipped = async () =>
  memoryFolder(
    new Map([
      ["classifier/config.json", Uint8Array.of(1)],
      ["nuclei.safetensors", Uint8Array.of(2)],
      ["unet/config.json", Uint8Array.of(3)],
    ]),
  );

describe("the model that is evaluated", () => {
  let place: Workplace;
  beforeEach(() => {
    place = createWorkplace();
  });
  afterEach(() => place.remove());

  it("is a model folder with all its parts", async () => {
    const { folder, borrowed } = await findEvaluatedModel(place.model, () =>
      Promise.reject(new Error("asked")),
    );
    expect([folder.name, borrowed]).toEqual([place.model, []]);
  });

  it("is the model of a run, with the classifier and nuclei that ship where it has none", async () => {
    rmSync(join(place.model, "classifier"), { recursive: true });
    rmSync(join(place.model, "nuclei.safetensors"));
    const { folder, borrowed } = await findEvaluatedModel(place.path, shipped);
    expect(borrowed).toEqual(["classifier", "nuclei.safetensors"]);
    expect(await folder.read("classifier/config.json")).toEqual(Uint8Array.of(1));
    expect(await folder.read("nuclei.safetensors")).toEqual(Uint8Array.of(2));
    expect((await folder.read("unet/config.json")).length).toBeGreaterThan(1);
    expect(await folder.exists("classifier/other.json")).toBe(false);
  });

  it("is missing where neither is", async () => {
    await expect(findEvaluatedModel(join(place.path, "none"), shipped)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/none: no model there/),
    });
  });
});
