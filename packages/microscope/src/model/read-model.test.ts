import { memoryFolder } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { jsonBytes, randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { readImagingConstants, readModel, readModelNuclei, readSequenceModel } from "./read-model.ts";

const files = randomModelFiles();
const folder = (changes: ReadonlyMap<string, Uint8Array | undefined> = new Map()) => {
  const changed = new Map(files);
  for (const [path, bytes] of changes) {
    if (bytes === undefined) changed.delete(path);
    else changed.set(path, bytes);
  }
  return memoryFolder(changed, "models/tiny");
};

type Json = Record<string, unknown>;
const jsonOf = (path: string): Json => JSON.parse(new TextDecoder().decode(files.get(path)));

/** The folder with fields of one JSON file replaced; undefined takes a field away. */
function withFields(path: string, fields: Json, inside?: string) {
  const json = jsonOf(path);
  Object.assign(inside === undefined ? json : (json[inside] as Json), fields);
  return folder(new Map([[path, jsonBytes(json)]]));
}

describe("readModel", () => {
  it("reads every part, with the sha256 of every file it has read", async () => {
    const model = await readModel(folder());
    expect(model.name).toBe("tiny");
    expect(model.constants).toEqual(tinyShape.constants);
    expect(model.localization.config).toEqual(tinyShape.localization);
    expect(model.classifier.config).toEqual(tinyShape.classifier);
    expect(model.unet.config).toEqual(tinyShape.unet);
    expect(model.schedule.numTrainTimesteps).toBe(1000);
    const read = [...files.keys()].filter((path) => path !== "nuclei.safetensors");
    expect(Object.keys(model.checksums)).toEqual(read.sort());
    const digest = await crypto.subtle.digest(
      "SHA-256",
      files.get("vae/config.json") as Uint8Array<ArrayBuffer>,
    );
    expect(model.checksums["vae/config.json"]).toBe(Buffer.from(digest).toString("hex"));
  });

  it("reads the parts for a sequence alone without opening the others", async () => {
    const model = await readSequenceModel(folder(new Map([["unet/config.json", undefined]])));
    expect(
      Object.keys(model.checksums)
        .map((path) => path.split("/")[0])
        .sort(),
    ).toEqual(["condition", "localization", "localization", "model_index.json", "plm", "plm"].sort());
  });

  it("reads the nuclei, which must be crops of the model's size", async () => {
    const library = await readModelNuclei(folder());
    expect(library).toMatchObject({ count: 3, height: 40, width: 40 });
    const other = withFields("model_index.json", { crop_pixels: 100 }, "proteoscope");
    await expect(readModelNuclei(other)).rejects.toThrow(
      "models/tiny/nuclei.safetensors: nuclei of 40x40 pixels, but model_index.json says crop_pixels 100",
    );
  });
});

describe("readModel refuses", () => {
  it.each([...files.keys()].filter((path) => path !== "nuclei.safetensors"))(
    "a folder without %s",
    async (path) => {
      const rejection = expect(readModel(folder(new Map([[path, undefined]])))).rejects;
      await rejection.toMatchObject({ name: "CheckpointError" });
      // Without its configuration a network of diffusers is taken for one of the default sizes, and does not fit those.
      await rejection.toThrow(path.replace(/\/[^/]*$/, ""));
    },
  );

  it.each([
    "unet/diffusion_pytorch_model.safetensors",
    "plm/model.safetensors",
    "classifier/model.safetensors",
  ])("%s cut short, by its name", async (path) => {
    const damaged = folder(new Map([[path, files.get(path)!.slice(0, -20)]]));
    await expect(readModel(damaged)).rejects.toMatchObject({
      name: "FormatError",
      message: expect.stringContaining(`models/tiny/${path}: `),
    });
  });

  it("nuclei that are cut short, by their name", async () => {
    const path = "nuclei.safetensors";
    const damaged = folder(new Map([[path, files.get(path)!.slice(0, 1000)]]));
    await expect(readModelNuclei(damaged)).rejects.toThrow(`models/tiny/${path}: `);
  });

  it("a pipeline of another kind", async () => {
    const index = jsonOf("model_index.json");
    delete index.proteoscope;
    const other = folder(new Map([["model_index.json", jsonBytes(index)]]));
    await expect(readModel(other)).rejects.toThrow(
      'models/tiny/model_index.json: has no field "proteoscope", so it is a pipeline of another kind',
    );
  });

  const needed = Object.keys(tinyShape.constants).filter((key) => key !== "stains");
  it.each(needed.map((key) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)))(
    "model_index.json with %s missing or wrong",
    async (field) => {
      for (const value of [undefined, "wide", -1, null]) {
        const wrong = withFields("model_index.json", { [field]: value }, "proteoscope");
        await expect(readImagingConstants(wrong)).rejects.toMatchObject({
          name: "CheckpointError",
          message: expect.stringContaining(`models/tiny/model_index.json, proteoscope: ${field}: `),
        });
      }
    },
  );

  it.each([["er", "er"], ["golgi"], "er"])("model_index.json with stains %j", async (stains) => {
    const wrong = withFields("model_index.json", { stains }, "proteoscope");
    await expect(readImagingConstants(wrong)).rejects.toThrow(/proteoscope: stains/);
  });

  it.each([
    ["localization", ["labels", "hidden_size", "attention_heads", "terminus_window", "dropout"]],
    ["classifier", ["labels", "classes", "channels", "norm_groups", "dropout", "distance_scale"]],
  ])("a head without a field in its configuration: %s", async (head, fields) => {
    for (const field of fields) {
      const wrong = withFields(`${head}/config.json`, { [field]: undefined });
      await expect(readModel(wrong)).rejects.toThrow(`models/tiny/${head}/config.json: ${field}: `);
    }
  });

  it("a classifier whose labels are not its classes, or whose groups do not divide its channels", async () => {
    await expect(readModel(withFields("classifier/config.json", { labels: ["nucleus"] }))).rejects.toThrow(
      "models/tiny/classifier/config.json: labels: one name for each of classes",
    );
    await expect(readModel(withFields("classifier/config.json", { norm_groups: 3 }))).rejects.toThrow(
      "channels: must be multiples of norm_groups",
    );
  });

  it("a head whose weights are of other sizes", async () => {
    await expect(readModel(withFields("localization/config.json", { hidden_size: 9 }))).rejects.toMatchObject(
      {
        name: "WeightsError",
        message: expect.stringContaining("models/tiny/localization/model.safetensors: "),
      },
    );
    await expect(readModel(withFields("classifier/config.json", { channels: [4, 12] }))).rejects.toThrow(
      "stages.1.down.weight is [8, 4, 3, 3], the model wants [12, 4, 3, 3]",
    );
  });

  it("parts that do not fit each other", async () => {
    const other = randomModelFiles({ ...tinyShape, unet: { ...tinyShape.unet, inChannels: 6 } });
    await expect(readModel(memoryFolder(other, "m"))).rejects.toThrow(
      "m/unet/config.json: in_channels: 6 where 5 fits (latents and nuclear distance)",
    );
    const wide = { ...tinyShape.unet, crossAttentionDim: 32 };
    await expect(
      readModel(memoryFolder(randomModelFiles({ ...tinyShape, unet: wide }), "m")),
    ).rejects.toThrow("m/unet/config.json: cross_attention_dim: 32 where 16 fits (hidden_size of plm)");
    await expect(
      readModel(withFields("model_index.json", { crop_pixels: 100 }, "proteoscope")),
    ).rejects.toThrow("sample_size: 40 where 100 fits");
  });
});
