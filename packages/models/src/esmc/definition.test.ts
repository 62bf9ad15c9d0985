import {
  compile,
  i64,
  initializeWeights,
  type NdArray,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { writeSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatConfig, type Json, parseConfig } from "../checkpoints/config-json.ts";
import { parametersOf } from "../checkpoints/declared-parameters.ts";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { isRecognized } from "../checkpoints/recognize.ts";
import { loraDefaults, loraPrefix, mergeLora, withLora } from "../esm2/lora.ts";
import { loadLanguageModel, representTokens } from "../language-model/language-model.ts";
import { openStreamedLanguageModel, runStreamedLanguageModel } from "../language-model/streamed.ts";
import { loadAs, loadPretrained } from "../pretrained/load.ts";
import { runPretrained } from "../pretrained/run.ts";
import { savePretrained } from "../pretrained/save.ts";
import { bareStateDict, inferredConfig } from "../testing/bare-state-dict.ts";
import { torchCheckpoint } from "../testing/torch-checkpoint.ts";
import { esmcDefinition, esmcFormat } from "./definition.ts";
import { type EsmcConfig, esmcConfig, esmcPresets } from "./network.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const tiny: EsmcConfig = esmcConfig({ hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 });
const head = { dtype: "float32", shape: [0], data: new Float32Array(0) } as const;
const declared = parametersOf(esmcDefinition, {
  config: tiny,
  weights: new Map([["lm_head.dense.bias", head]]),
});
const weights = initializeWeights(declared, 5);
const config = new TextEncoder().encode(JSON.stringify(formatConfig(esmcFormat, tiny)));
const ids: NdArray = { dtype: "int64", shape: [1, 6], data: BigInt64Array.of(0n, 5n, 20n, 32n, 8n, 2n) };
const inputs = new Map([["input_ids", ids]]);

/** The weights under the names of the .pth files of December 2024. */
function packed(): Map<string, NdArray> {
  const rows = (...parts: readonly NdArray[]): NdArray => ({
    dtype: "float32",
    shape: [parts.reduce((sum, { shape }) => sum + shape[0]!, 0), parts[0]!.shape[1]!],
    data: Float32Array.from(parts.flatMap(({ data }) => [...(data as Float32Array)])),
  });
  const of = (name: string): NdArray => weights.get(name)!;
  const tensors = new Map([
    ["embed.weight", of("esmc.embed_tokens.weight")],
    ["transformer.norm.weight", of("esmc.norm.weight")],
  ]);
  for (const [index, name] of ["dense", undefined, "layer_norm", "decoder"].entries())
    for (const part of name === undefined ? [] : ["weight", "bias"])
      tensors.set(`sequence_head.${index}.${part}`, of(`lm_head.${name}.${part}`));
  for (const layer of [0, 1]) {
    const [from, to] = [`esmc.layers.${layer}`, `transformer.blocks.${layer}`];
    for (const part of ["weight", "bias"]) {
      tensors.set(`${to}.attn.layernorm_qkv.0.${part}`, of(`${from}.input_layernorm.${part}`));
      tensors.set(`${to}.ffn.0.${part}`, of(`${from}.post_attention_layernorm.${part}`));
    }
    const [q, k, v] = ["q", "k", "v"].map((name) => of(`${from}.self_attn.${name}_proj.weight`));
    tensors.set(`${to}.attn.layernorm_qkv.1.weight`, rows(q!, k!, v!));
    tensors.set(`${to}.attn.q_ln.weight`, of(`${from}.self_attn.q_norm.weight`));
    tensors.set(`${to}.attn.k_ln.weight`, of(`${from}.self_attn.k_norm.weight`));
    tensors.set(`${to}.attn.out_proj.weight`, of(`${from}.self_attn.o_proj.weight`));
    tensors.set(
      `${to}.ffn.1.weight`,
      rows(of(`${from}.mlp.gate_proj.weight`), of(`${from}.mlp.up_proj.weight`)),
    );
    tensors.set(`${to}.ffn.3.weight`, of(`${from}.mlp.down_proj.weight`));
  }
  return tensors;
}

describe("the configuration of ESMC", () => {
  const json = formatConfig(esmcFormat, esmcPresets["600M"]);
  const parse = (changes: Json) => parseConfig(esmcFormat, { ...json, ...changes }, "x");

  it("comes back from its file as it was", () => {
    expect(parse({})).toEqual(esmcPresets["600M"]);
  });

  it("is read from the makers' own fields, with the width of SwiGLU from that of the network", () => {
    const own = {
      architectures: ["ESMCForMaskedLM"],
      d_model: 960,
      n_heads: 15,
      n_layers: 30,
      vocab_size: 64,
    };
    expect(esmcDefinition.recognizesConfig(own)).toBe(true);
    expect(parseConfig(esmcFormat, own, "x")).toEqual(esmcPresets["300M"]);
    expect(esmcPresets["6B"].intermediateSize).toBe(6912);
  });

  it.each([
    [
      "other rotary frequencies",
      { rope_parameters: { rope_theta: 5, rope_type: "default" } },
      /rope_parameters is/,
    ],
    ["fewer heads of keys", { num_key_value_heads: 9 }, /num_key_value_heads is 9, only 18/],
    ["biases", { attention_bias: true }, /attention_bias is true, only false/],
    ["another activation", { hidden_act: "gelu" }, /hidden_act is "gelu", only "silu"/],
  ])("is refused by name for %s", (_, changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});

describe("a bare state dict of ESMC", () => {
  it("shows a released model by its sizes, and asks for the heads of another", () => {
    const small = { ...esmcPresets["300M"] };
    const bare = bareStateDict(esmcDefinition, small);
    expect(isRecognized(esmcDefinition, bare)).toBe(true);
    expect(inferredConfig(esmcDefinition, bare)).toEqual(small);
    expect(() => inferredConfig(esmcDefinition, bareStateDict(esmcDefinition, tiny))).toThrow(
      /x: the number of attention heads cannot be inferred for 2 layers of 16/,
    );
  });
});

describe("a checkpoint of ESMC", () => {
  it("in the layout of December 2024, a .pth, gives the weights by transformers' names", async () => {
    const folder = memoryFolder(
      new Map([
        ["esmc_300m_2024_12_v0.pth", torchCheckpoint(packed())],
        ["config.json", config],
      ]),
    );
    const model = await loadAs("esmc", folder);
    expect(new Map([...model.weights].sort())).toEqual(new Map([...weights].sort()));
  });

  it("comes back from the files that it is saved to", async () => {
    const model = { architecture: "esmc", config: tiny, weights } as const;
    expect(await loadAs("esmc", memoryFolder(savePretrained(model)))).toEqual(model);
  });

  it("of an unknown layout is refused with its names, and leaves nothing random", async () => {
    const renamed = new Map([...weights].map(([name, value]) => [name.replace("o_proj", "output"), value]));
    const files = new Map([
      ["model.safetensors", writeSafetensors(renamed)],
      ["config.json", config],
    ]);
    await expect(loadPretrained(memoryFolder(files, "there"))).rejects.toThrow(
      /there\/model.safetensors: its names are those of no known layout of ESMC \(transformers 5.16, .*\); 2 of 34 are unknown in transformers 5.16: "?esmc.layers.0.self_attn.output.weight/,
    );
    await expect(openStreamedLanguageModel(memoryFolder(files, "there"))).rejects.toThrow(
      /no known layout of ESMC/,
    );
  });

  it("without a layer's tensor is refused by its name", async () => {
    const fewer = new Map(weights);
    fewer.delete("esmc.layers.1.mlp.up_proj.weight");
    const files = new Map([
      ["model.safetensors", writeSafetensors(fewer)],
      ["config.json", config],
    ]);
    await expect(loadPretrained(memoryFolder(files))).rejects.toThrow(
      /1 missing \(esmc.layers.1.mlp.up_proj.weight \[256, 16\]\)/,
    );
  });
});

describe("ESMC layer by layer", () => {
  it.each(["transformers", "pth"])("gives what it gives at once, from the layout of %s", async (layout) => {
    const model = { architecture: "esmc", config: tiny, weights } as const;
    const tensors = layout === "pth" ? packed() : weights;
    const files = new Map([
      ["model.safetensors", writeSafetensors(tensors)],
      ["config.json", config],
    ]);
    const streamed = await openStreamedLanguageModel(memoryFolder(files));
    expect(streamed.architecture).toBe("esmc");
    const [found] = await runStreamedLanguageModel(runtime, streamed, [inputs]);
    const whole = await runPretrained(runtime, model, inputs);
    expect([...found!.keys()]).toEqual(["last_hidden_state", "logits"]);
    for (const [name, { data }] of whole)
      expect([...(found!.get(name)!.data as Float32Array)]).toEqual(
        Array.from(data as Float32Array, (value) => expect.closeTo(value, 4)),
      );
  });
});

describe("LoRA on ESMC", () => {
  it("adapts the projections of its attention by their names, and merges to the same network", async () => {
    const config = { ...loraDefaults, targetModules: ["q_proj", "o_proj"], loraDropout: 0 };
    const represent = (w: Weights, inputIds: Tensor) =>
      representTokens(withLora(w, config), tiny, { inputIds });
    const types = { inputIds: i64(1, 6) };
    const traced = trace((w, { inputIds }) => ({ y: represent(w, inputIds) }), types).parameters;
    const matrices = new Map([...traced].filter(([name]) => name.startsWith(loraPrefix)));
    expect([...matrices.keys()].sort().slice(0, 2)).toEqual([
      "base_model.model.esmc.layers.0.self_attn.o_proj.lora_A.weight",
      "base_model.model.esmc.layers.0.self_attn.o_proj.lora_B.weight",
    ]);
    expect(matrices.size).toBe(8);
    const adapter = {
      config,
      weights: new Map(
        [...matrices].map(([name, { shape }], seed) => {
          const data = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => Math.sin(seed + i) / 4);
          return [name, { dtype: "float32", shape, data } as NdArray];
        }),
      ),
    };
    const run = async (
      model: (w: Weights, inputIds: Tensor) => Tensor,
      all: ReadonlyMap<string, NdArray>,
    ) => {
      const program = await compile(runtime, (w, { inputIds }) => ({ y: model(w, inputIds) }), types, {
        weights: all,
      });
      const { y } = await program.run({ inputIds: ids });
      await program.close();
      return [...(y.data as Float32Array)];
    };
    const plain = (w: Weights, inputIds: Tensor) => representTokens(w, tiny, { inputIds });
    const adapted = await run(represent, new Map([...weights, ...adapter.weights]));
    const merged = await run(plain, mergeLora(weights, adapter));
    expect(merged).toEqual(adapted.map((value) => expect.closeTo(value, 4)));
    expect(await run(plain, weights)).not.toEqual(adapted.map((value) => expect.closeTo(value, 4)));
  });
});

describe("a protein language model", () => {
  it("is ESM2 or ESMC, and nothing else", async () => {
    const model = { architecture: "esmc", config: tiny, weights } as const;
    const loaded = await loadLanguageModel(memoryFolder(savePretrained(model)));
    expect(loaded).toEqual(model);
    const program = await compile(
      runtime,
      (w, { inputIds }) => ({ y: representTokens(w, loaded.config, { inputIds }) }),
      { inputIds: i64(1, "tokens") },
      { weights: loaded.weights },
    );
    const { y } = await program.run({ inputIds: ids });
    await program.close();
    const whole = (await runPretrained(runtime, model, inputs)).get("last_hidden_state")!;
    expect([...(y.data as Float32Array)]).toEqual(
      Array.from(whole.data as Float32Array, (value) => expect.closeTo(value, 5)),
    );
  });

  it("is no autoencoder", async () => {
    const files = new Map<string, Uint8Array>([
      ["config.json", new TextEncoder().encode('{"_class_name": "AutoencoderKL"}')],
    ]);
    files.set("model.safetensors", writeSafetensors(weights));
    await expect(loadLanguageModel(memoryFolder(files))).rejects.toThrow();
  });
});
