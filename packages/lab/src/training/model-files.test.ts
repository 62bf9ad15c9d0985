import { readSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { headFiles, jsonText, withoutPrefix } from "./model-files.ts";

const weight = { dtype: "float32", shape: [1], data: Float32Array.of(3) } as const;

describe("headFiles", () => {
  it("is a configuration in snake_case and the parameters by name", () => {
    const files = headFiles(
      "classifier",
      { normGroups: 8, labels: ["nuclearRim"] },
      new Map([["a.b", weight]]),
    );
    expect([...files.keys()]).toEqual(["classifier/config.json", "classifier/model.safetensors"]);
    expect(JSON.parse(files.get("classifier/config.json") as string)).toEqual({
      norm_groups: 8,
      labels: ["nuclearRim"],
    });
    const { tensors } = readSafetensors(files.get("classifier/model.safetensors") as Uint8Array);
    expect([...tensors.get("a.b")!.data]).toEqual([3]);
  });
});

describe("jsonText", () => {
  it("leaves names that begin with an underscore as diffusers has them", () => {
    expect(JSON.parse(jsonText({ _class_name: "X", latentScale: 2 }))).toEqual({
      _class_name: "X",
      latent_scale: 2,
    });
  });
});

describe("withoutPrefix", () => {
  it("gives the parameters below a prefix", () => {
    const weights = new Map([
      ["vae.a", weight],
      ["loss.a", weight],
    ]);
    expect([...withoutPrefix(weights, "vae.").keys()]).toEqual(["a"]);
  });
});
