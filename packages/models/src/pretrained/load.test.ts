// The checkpoints in fixtures/ were written by transformers, fair-esm and diffusers (make_checkpoints.py beside them),
// with what the models of these packages answer.
import { fileURLToPath } from "node:url";
import { type NdArray as ComputedArray, compile, f32, i64, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { elementCount, type NdArray, readSafetensors, toFloat32 } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, encode } from "../autoencoder-kl/network.ts";
import { memoryFolder, subfolder } from "../checkpoints/file-source.ts";
import { noiseScheduleDefaults } from "../diffusion/noise-schedule.ts";
import { contactHead, esm2, languageModelHead } from "../esm2/network.ts";
import { openFolder } from "../node/folder.ts";
import { crossAttentionKeyValues, unet } from "../unet/network.ts";
import { loadAs, loadPretrained } from "./load.ts";
import { loadPipeline } from "./pipeline.ts";
import { saveSingleFile } from "./save.ts";

const fixtures = openFolder(fileURLToPath(new URL("../fixtures", import.meta.url)));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

async function expectedOf(folder: string): Promise<Map<string, NdArray>> {
  return readSafetensors(await fixtures.read(`expected/${folder}.safetensors`)).tensors;
}

function expectClose(actual: ComputedArray | undefined, expected: NdArray | undefined): void {
  expect(actual!.shape).toEqual(expected!.shape);
  const [ours, theirs] = [toFloat32(actual as NdArray), toFloat32(expected!)];
  const errors = theirs.map((value, index) => Math.abs(value - ours[index]!));
  expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(1e-4);
  expect(errors.some(Number.isNaN)).toBe(false);
}

describe("a checkpoint of ESM2", () => {
  for (const [layout, folder] of [
    ["one safetensors file of transformers", "hugging-face-esm"],
    ["bfloat16 shards of transformers", "hugging-face-esm-sharded"],
    ["a float16 pytorch_model.bin", "hugging-face-esm-bin"],
    ["fair-esm's .pt with its file of the contact regression", "fair-esm"],
  ] as const) {
    it(`in ${layout} gives the library's hidden state, logits and contacts`, async () => {
      const { config, weights } = await loadAs("esm2", subfolder(fixtures, folder));
      expect([...weights.values()].every(({ dtype }) => dtype === "float32")).toBe(true);
      const expected = await expectedOf(folder);
      const program = await compile(
        runtime,
        (w, { inputIds }) => {
          const outputs = esm2(w, config, { inputIds });
          const last = outputs.representations.at(-1)!;
          const logits = languageModelHead(w, config, last);
          return { last, logits, contacts: contactHead(w, config, { inputIds }, outputs) };
        },
        { inputIds: i64("batch", "residues") },
        { weights },
      );
      const { last, logits, contacts } = await program.run({ inputIds: expected.get("input_ids")! });
      await program.close();
      expectClose(last, expected.get("out.last_hidden_state"));
      expectClose(logits, expected.get("out.logits"));
      expectClose(withoutEnds(contacts), expected.get("contacts"));
    });
  }

  it("without a language model head, as EsmModel saves it, gives the library's hidden state", async () => {
    const { config, weights } = await loadAs("esm2", subfolder(fixtures, "hugging-face-esm-base"));
    expect([...weights.keys()].some((name) => name.startsWith("lm_head"))).toBe(false);
    const expected = await expectedOf("hugging-face-esm-base");
    const program = await compile(
      runtime,
      (w, { inputIds }) => ({ last: esm2(w, config, { inputIds }).representations.at(-1)! }),
      { inputIds: i64("batch", "residues") },
      { weights },
    );
    const { last } = await program.run({ inputIds: expected.get("input_ids")! });
    await program.close();
    expectClose(last, expected.get("out.last_hidden_state"));
  });

  it("in one file is recognised without config.json: by its metadata, or by its tensors", async () => {
    const model = await loadAs("esm2", subfolder(fixtures, "hugging-face-esm"));
    const context = memoryFolder(new Map([["model.safetensors", saveSingleFile(model)]]));
    expect((await loadAs("esm2", context)).config).toEqual(model.config);
    const bare = memoryFolder(
      new Map([["esm.safetensors", await fixtures.read("hugging-face-esm/model.safetensors")]]),
    );
    // Biases start at zero and weights small whatever the file says: these two matter to fresh weights alone.
    const { hiddenDropoutProb, initializerRange } = model.config;
    expect({ ...(await loadAs("esm2", bare)).config, hiddenDropoutProb, initializerRange }).toEqual(
      model.config,
    );
  });
});

describe("a folder of diffusers", () => {
  const folder = subfolder(fixtures, "diffusers");

  it("gives the library's noise, with and without mask and condition", async () => {
    const { unet: denoiser, noiseSchedule } = await loadPipeline(folder);
    expect(noiseSchedule).toEqual(noiseScheduleDefaults);
    const { config, weights } = denoiser;
    const expected = await expectedOf("diffusers-unet");
    const type = (name: string) => f32(...expected.get(name)!.shape);
    const program = await compile(
      runtime,
      (w, { sample, timestep, sequence, mask, timestepCond }) => {
        const keyValues = crossAttentionKeyValues(w, config, sequence);
        return {
          full: unet(w, config, { sample, timestep, keyValues, mask, timestepCond }),
          plain: unet(w, config, { sample, timestep, keyValues }),
        };
      },
      {
        sample: type("sample"),
        timestep: type("timestep"),
        sequence: type("encoder_hidden_states"),
        mask: type("encoder_attention_mask"),
        timestepCond: type("timestep_cond"),
      },
      { weights },
    );
    const asFloats = (name: string): NdArray => {
      const array = expected.get(name)!;
      return { dtype: "float32", shape: array.shape, data: toFloat32(array) };
    };
    const { full, plain } = await program.run({
      sample: asFloats("sample"),
      timestep: asFloats("timestep"),
      sequence: asFloats("encoder_hidden_states"),
      mask: asFloats("encoder_attention_mask"),
      timestepCond: asFloats("timestep_cond"),
    });
    await program.close();
    expectClose(full, expected.get("out.sample"));
    expectClose(plain, expected.get("plain.sample"));
  });

  it("gives the library's latents and images", async () => {
    const { config, weights } = await loadAs("autoencoder", subfolder(folder, "vae"));
    const expected = await expectedOf("diffusers-vae");
    const sample = expected.get("sample")!;
    const latent = expected.get("latent")!;
    const program = await compile(
      runtime,
      (w, inputs) => ({ ...encode(w, config, inputs.sample), decoded: decode(w, config, inputs.latent) }),
      { sample: f32(...sample.shape), latent: f32(...latent.shape) },
      { weights },
    );
    const { mean, logvar, decoded } = await program.run({ sample, latent });
    await program.close();
    expectClose(mean, expected.get("out.mean"));
    expectClose(logvar, expected.get("out.logvar"));
    expectClose(decoded, expected.get("decoded.sample"));
  });

  it("is refused where another network is wanted", async () => {
    await expect(loadAs("esm2", subfolder(folder, "unet"))).rejects.toThrow(
      /diffusers\/unet: is UNet2DConditionModel .*wanted is ESM2/,
    );
  });

  it("is no pipeline without model_index.json", async () => {
    await expect(loadPipeline(subfolder(folder, "unet"))).rejects.toThrow(/has no model_index\.json/);
  });
});

describe("a checkpoint that cannot be loaded", () => {
  const withFiles = async (changes: Record<string, unknown>) => {
    const files = new Map([
      ["config.json", await fixtures.read("hugging-face-esm/config.json")],
      ["model.safetensors", await fixtures.read("hugging-face-esm/model.safetensors")],
    ]);
    for (const [path, value] of Object.entries(changes)) {
      if (value === undefined) files.delete(path);
      else
        files.set(path, new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
    }
    return memoryFolder(files, "there");
  };
  const configWith = async (changes: object): Promise<object> => ({
    ...JSON.parse(new TextDecoder().decode(await fixtures.read("hugging-face-esm/config.json"))),
    ...changes,
  });

  it("counts the tensors that are missing, of another shape and unexpected, and names three of each", async () => {
    const failureOf = async (changes: object): Promise<Error> => {
      const folder = await withFiles({ "config.json": await configWith(changes) });
      return loadPretrained(folder).then(
        () => expect.unreachable(),
        (error) => error,
      );
    };
    const two = await failureOf({ num_hidden_layers: 3, intermediate_size: 50 });
    expect(two.name).toBe("WeightsError");
    const layer = (number: number) => `esm.encoder.layer.${number}`;
    expect(two.message).toBe(
      [
        "there/model.safetensors: the tensors do not fit ESM2 (Hugging Face EsmModel, EsmForMaskedLM) as configured: 16 missing (",
        `${layer(2)}.attention.LayerNorm.weight [12], ${layer(2)}.attention.LayerNorm.bias [12], ${layer(2)}.attention.self.query.weight [12, 12], ...); 7 of another shape (`,
        `${layer(0)}.intermediate.dense.weight [48, 12] instead of [50, 12], ${layer(0)}.intermediate.dense.bias [48] instead of [50], ${layer(0)}.output.dense.weight [12, 48] instead of [12, 50], ...)`,
      ].join(""),
    );
    expect((await failureOf({ num_hidden_layers: 1 })).message).toMatch(
      /: 1 of another shape \(esm\.contact_head\.regression\.weight \[1, 4\] instead of \[1, 2\]\); 16 unexpected \(/,
    );
    const many = await failureOf({ num_hidden_layers: 200 });
    expect(many.message).toMatch(/: \d+ missing \(/);
    expect(many.message.length).toBeLessThan(600);
  });

  for (const [fault, changes, message] of [
    [
      "of an unknown architecture",
      { model_type: "bert" },
      /"bert" is no known architecture; known are .*ESM2/,
    ],
    [
      "with absolute positions",
      { position_embedding_type: "absolute" },
      /position_embedding_type: only rotary/,
    ],
    ["with another activation", { hidden_act: "relu" }, /hidden_act is "relu", only "gelu" is supported/],
    ["with a size that is none", { hidden_size: "12" }, /hidden_size: .*number/],
    ["of endless layers", { num_hidden_layers: 1e9 }, /num_hidden_layers: .*1000/],
    ["with heads that do not divide", { num_attention_heads: 5 }, /num_attention_heads: heads of even width/],
  ] as const) {
    it(`is refused by name: one ${fault}`, async () => {
      const folder = await withFiles({ "config.json": await configWith(changes) });
      const failure = await loadPretrained(folder).catch((error) => error);
      expect(failure.name).toBe("CheckpointError");
      expect(failure.message).toMatch(message);
      expect(failure.message).toContain("there/model.safetensors");
    });
  }

  it("is refused by name: one that says nothing and holds something else", async () => {
    await expect(loadPretrained(await withFiles({ "config.json": "{" }))).rejects.toThrow(
      /there\/config\.json is not JSON/,
    );
    await expect(loadPretrained(await withFiles({ "config.json": "[1]" }))).rejects.toThrow(/no JSON object/);
    await expect(loadPretrained(await withFiles({ "config.json": {} }))).rejects.toThrow(
      /its configuration names no architecture/,
    );
    const other = openFolder(fileURLToPath(new URL("../../../imaging/src/planes/fixtures", import.meta.url)));
    await expect(loadPretrained(other)).rejects.toThrow(/these tensors are those of no known network/);
  });

  it("is refused by name: one without weights, or with shards that are not there", async () => {
    await expect(loadPretrained(await withFiles({ "model.safetensors": undefined }))).rejects.toThrow(
      /there: no weights; give one file/,
    );
    const index = (map: object) =>
      withFiles({ "model.safetensors": undefined, "model.safetensors.index.json": { weight_map: map } });
    await expect(loadPretrained(await index({ a: "lost.safetensors" }))).rejects.toThrow(
      /the shard lost\.safetensors is not in the folder/,
    );
    await expect(loadPretrained(await index({ a: "../secret" }))).rejects.toThrow(
      /weight_map is not a table/,
    );
    const shards = new Map([
      ["s.safetensors", await fixtures.read("hugging-face-esm/model.safetensors")],
      [
        "model.safetensors.index.json",
        new TextEncoder().encode('{"weight_map":{"nothing":"s.safetensors"}}'),
      ],
    ]);
    await expect(loadPretrained(memoryFolder(shards))).rejects.toThrow(
      /not in the shards .*nothing \(s\.safetensors\)/,
    );
  });

  it("ends in a network or in a named error, whatever happened to its bytes", async () => {
    const names = ["CheckpointError", "WeightsError", "FormatError"];
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 400; round += 1) {
      const files = new Map<string, Uint8Array>();
      for (const path of ["config.json", "model.safetensors"]) {
        const bytes = new Uint8Array(await fixtures.read(`hugging-face-esm/${path}`));
        const end = path === "config.json" ? bytes.length : 4000; // its header
        for (let change = random(4); change > 0; change -= 1)
          bytes[random(end)] = random(2) ? random(256) : 0x39;
        files.set(path, bytes);
      }
      const outcome = await loadPretrained(memoryFolder(files)).then(
        ({ architecture }) => architecture as string,
        (error: Error) => error.name,
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual([...names, "esm2"].sort());
  });

  it("is refused by the reader of its format: one cut short", async () => {
    const whole = await fixtures.read("hugging-face-esm/model.safetensors");
    const folder = memoryFolder(new Map([["model.safetensors", whole.subarray(0, whole.length - 4)]]));
    await expect(loadPretrained(folder)).rejects.toMatchObject({ name: "FormatError" });
  });
});

/** Rows and columns between <cls> and the last token: [B, L, L] -> [B, L - 2, L - 2]. */
function withoutEnds({ shape, data }: ComputedArray): NdArray {
  const [batch, length] = shape as [number, number];
  const inner = length - 2;
  const inside = Array.from(data, Number).filter((_, index) => {
    const [row, column] = [Math.floor(index / length) % length, index % length];
    return row > 0 && row <= inner && column > 0 && column <= inner;
  });
  const result: NdArray = { dtype: "float32", shape: [batch, inner, inner], data: Float32Array.from(inside) };
  expect(inside).toHaveLength(elementCount(result.shape));
  return result;
}
