import { initializeWeights, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../checkpoints/config-json.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import type { EsmBottleneckConfig } from "../localization/bottleneck.ts";
import { loadAs, loadPretrained } from "../pretrained/load.ts";
import { runPretrained } from "../pretrained/run.ts";
import { savePretrained, saveSingleFile } from "../pretrained/save.ts";
import { declareParameters, type Pretrained } from "../registry.ts";
import { clipDefinition } from "./definition.ts";
import type { JointEmbeddingConfig } from "./joint-embedding.ts";

const protein = { proteinEmbeddingDims: 6, projectionDims: 5, dropout: 0.2, esmBottleneck: null };
const bottleneck: EsmBottleneckConfig = {
  ...{ hiddenSize: 4, numLayers: 2, numHeads: 4, feedForwardSize: 7, dropout: 0.2 },
  result: "full" as "full" | "token",
};

function modelOf(
  architecture: "clip" | "triplet" | "cytoclass",
  changes: Partial<JointEmbeddingConfig> = {},
): Pretrained {
  const config =
    architecture === "cytoclass"
      ? { ...protein, ...changes }
      : { ...protein, imageEmbeddingDims: 8, ...changes };
  const empty = { architecture, config, weights: new Map() } as unknown as Pretrained;
  return { ...empty, weights: initializeWeights(declareParameters(empty), 2) };
}

const models = {
  clip: modelOf("clip"),
  triplet: modelOf("triplet"),
  cytoclass: modelOf("cytoclass"),
  "clip with a bottleneck": modelOf("clip", { esmBottleneck: bottleneck }),
  "cytoclass with a token": modelOf("cytoclass", { esmBottleneck: { ...bottleneck, result: "token" } }),
};

const hasToken = ({ weights }: Pretrained) => weights.has("esm_bottleneck.guidance_embedding.weight");

const wave = (...shape: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + 2.3 * i)),
});

describe.each(Object.entries(models))("a checkpoint of %s", (_, model) => {
  it("loads as it was saved, from a folder and from one file", async () => {
    expect(await loadAs(model.architecture, memoryFolder(savePretrained(model)))).toEqual(model);
    const single = new Map([["any-name.safetensors", saveSingleFile(model)]]);
    expect(await loadPretrained(memoryFolder(single))).toEqual(model);
  });
});

describe("a state dict without a configuration", () => {
  const token: NdArray = { dtype: "float32", shape: [1, 6], data: new Float32Array(6) };
  const load = (weights: ReadonlyMap<string, NdArray>) =>
    loadPretrained(memoryFolder(new Map([["model.safetensors", writeSafetensors(weights)]])));

  it.each(Object.entries(models).filter(([, model]) => !hasToken(model)))(
    "is known as %s",
    async (_, model) => {
      expect(await load(model.weights)).toEqual(model);
    },
  );

  it("loses the token that the original holds and no layer looks at", async () => {
    const weights = new Map([...models.triplet.weights, ["esm_bottleneck.guidance_embedding.weight", token]]);
    expect(await load(weights)).toEqual(models.triplet);
  });

  it("is asked for a configuration where the token may be what is handed on", async () => {
    const { weights } = models["cytoclass with a token"];
    await expect(load(weights)).rejects.toThrow(
      /whether its bottleneck hands on its token: put a config\.json/,
    );
  });
});

describe("the configuration of a network with projection heads", () => {
  it("has the original's names for its sizes", () => {
    const files = savePretrained(models["clip with a bottleneck"]);
    expect(JSON.parse(new TextDecoder().decode(files.get("config.json")))).toEqual({
      ...{ _class_name: "ProteoclipLM", protein_embedding_dims: 6, image_embedding_dims: 8 },
      ...{ projection_dims: 5, dropout: 0.2 },
      esm_bottleneck: {
        ...{ hidden_size: 4, num_layers: 2, num_heads: 4, feed_forward_size: 7, dropout: 0.2 },
        result: "full",
      },
    });
  });

  it("is refused where heads do not divide the width, and where a size is absent", () => {
    const json = { protein_embedding_dims: 6, image_embedding_dims: 8, projection_dims: 5 };
    const parse = (changes: object) =>
      parseConfig(clipDefinition.format, { ...json, ...changes }, "config.json");
    expect(parse({})).toEqual({ ...protein, imageEmbeddingDims: 8 });
    const heads = { num_layers: 1, num_heads: 4, feed_forward_size: 7, dropout: 0 };
    expect(() => parse({ esm_bottleneck: { hidden_size: 6, ...heads } })).toThrow(
      /esm_bottleneck\.num_heads: must divide/,
    );
    expect(() => parse({ esm_bottleneck: { hidden_size: null, ...heads } })).toThrow(/num_heads/);
    const token = { ...heads, hidden_size: 8, num_layers: 0, result: "token" };
    expect(() => parse({ esm_bottleneck: token })).toThrow(/esm_bottleneck\.result: a token needs layers/);
    expect(() => parse({ image_embedding_dims: undefined })).toThrow(/image_embedding_dims/);
    expect(() => parse({ projection_dims: 0 })).toThrow(/projection_dims/);
    expect(() => parse({ _class_name: "ProteotripletLM" })).toThrow(/ProteoclipLM/);
  });

  it("names the tensors that do not fit it", async () => {
    const files = savePretrained(models.clip);
    const config = JSON.parse(new TextDecoder().decode(files.get("config.json")));
    const wrong = new TextEncoder().encode(JSON.stringify({ ...config, image_embedding_dims: 9 }));
    await expect(loadPretrained(memoryFolder(new Map([...files, ["config.json", wrong]])))).rejects.toThrow(
      /1 of another shape \(image_projection\.projection\.weight \[5, 8\] instead of \[5, 9\]\)$/,
    );
  });
});

describe("running a network with projection heads", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu", threads: 1 });
  });
  afterAll(() => runtime.close());

  const run = (model: Pretrained, inputs: Record<string, NdArray>) =>
    runPretrained(runtime, model, new Map(Object.entries(inputs)));
  const sequence = wave(2, 3, 6);
  const latent = wave(2, 8);

  it("gives both embeddings and CLIP's scaled cosines", async () => {
    const outputs = await run(models.clip, { sequence_embed: sequence, latent });
    expect([...outputs].map(([name, { shape }]) => [name, shape])).toEqual([
      ["seq_embeds", [2, 5]],
      ["image_embeds", [2, 5]],
      ["logits_per_image", [2, 2]],
    ]);
    const [proteins, images, logits] = [...outputs.values()].map(({ data }) => data as Float32Array);
    const row = (x: Float32Array, i: number) => x.slice(5 * i, 5 * i + 5);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const [image, protein1] = [row(images!, 0), row(proteins!, 1)];
    const cosine = dot(image, protein1) / Math.sqrt(dot(image, image) * dot(protein1, protein1));
    expect(logits![1]).toBeCloseTo(cosine / 0.07, 3);
  });

  it("takes images alone, as latents of any form, and sequences alone", async () => {
    const flat = await run(models.triplet, { latent });
    expect([...flat.keys()]).toEqual(["image_embeds"]);
    const grid = await run(models.triplet, { latent: { ...latent, shape: [2, 2, 2, 2] } });
    expect(grid.get("image_embeds")!.data).toEqual(flat.get("image_embeds")!.data);
    expect([...(await run(models.triplet, { sequence_embed: sequence })).keys()]).toEqual(["seq_embeds"]);
    await expect(run(models.triplet, {})).rejects.toThrow(/tensor "sequence_embed" is missing/);
    await expect(run(models.cytoclass, { sequence_embed: sequence, latent })).rejects.toThrow(
      /tensor "latent" is unknown/,
    );
  });

  it("leaves out what the mask leaves out", async () => {
    const mask: NdArray = { dtype: "bool", shape: [2, 3], data: Uint8Array.of(1, 1, 0, 1, 1, 0) };
    const masked = await run(models.cytoclass, { sequence_embed: sequence, sequence_mask: mask });
    const first = { ...wave(1, 3, 6), shape: [1, 2, 6], data: (sequence.data as Float32Array).slice(0, 12) };
    const alone = await run(models.cytoclass, { sequence_embed: first });
    const [expected, got] = [alone, masked].map((outputs) => outputs.get("seq_embeds")!.data as Float32Array);
    for (const [i, value] of expected!.entries()) expect(got![i]).toBeCloseTo(value, 5);
  });
});
