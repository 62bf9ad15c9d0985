// ESMC against transformers' EsmcForMaskedLM and the esm package (Biohub, MIT): a padded batch, one sequence alone, two
// chains in one row, and the tokens of 19 texts. The same weights are loaded from each of the three released layouts,
// whose names and shapes stand in the recording.
import { compile, type InputTypes, i64, type Runtime } from "@proteoscope/engine";
import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import {
  type EsmcConfig,
  esmc,
  esmcConfig,
  esmcHead,
  loadAs,
  memoryFolder,
  runPretrained,
  tokenizeEsmc,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allDeviceNames, openDevice } from "./devices.ts";
import { below, expectClose, golden, wholeRecordings } from "./fixture.ts";

const tolerance = { relative: 1e-4 };
const config: EsmcConfig = esmcConfig({ hiddenSize: 48, numHiddenLayers: 3, numAttentionHeads: 4 });
const recordings = [golden("esmc_small"), ...wholeRecordings("esmc_small")];

describe.each(allDeviceNames)("ESMC on %s", (device) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openDevice[device]();
  });
  afterAll(() => runtime.close());

  describe.each(recordings)("$title", ({ tensors, metadata }) => {
    const weights = below(tensors, "w.");
    const compute = async (feeds: Record<string, NdArray>): Promise<Record<string, NdArray>> => {
      const types: InputTypes = Object.fromEntries(
        Object.entries(feeds).map(([name, { shape }]) => [name, i64(...shape)]),
      );
      const program = await compile(
        runtime,
        (w, { inputIds, attentionMask, chainIds }) => {
          const outputs = esmc(w, config, { inputIds: inputIds!, attentionMask, chainIds });
          const last = outputs.representations.at(-1)!;
          return {
            ...Object.fromEntries(outputs.representations.map((y, index) => [`hidden.${index}`, y])),
            ...Object.fromEntries(outputs.attentions.map((y, index) => [`attention.${index}`, y])),
            prenorm: outputs.unnormalized,
            last_hidden_state: last,
            logits: esmcHead(w, config, last),
          };
        },
        types,
        { weights },
      );
      const outputs = await program.run(feeds);
      await program.close();
      return outputs as Record<string, NdArray>;
    };

    it("gives the recorded values of every layer of a padded batch, and its logits", async () => {
      const outputs = await compute({
        inputIds: tensors.get("ids")!,
        attentionMask: tensors.get("mask")!,
      });
      expect(Object.keys(outputs)).toHaveLength(10);
      for (const [name, value] of Object.entries(outputs))
        expectClose(value, tensors.get(name), tolerance, name);
    });

    it("gives the recorded values of one sequence, and of two chains that do not see each other", async () => {
      const chainIds = tensors.get("c.sequence_id")!;
      const chainOf = Array.from(chainIds.data as BigInt64Array, Number);
      expect(new Set(chainOf)).toEqual(new Set([0, 1, -1])); // padding is -1, at the end, and means nothing
      const rows = chainOf.indexOf(-1);
      const withoutPadding = ({ shape, data }: NdArray): NdArray => {
        const width = shape[2]!;
        return { dtype: "float32", shape: [1, rows, width], data: data.slice(0, rows * width) };
      };
      const alone = await compute({ inputIds: tensors.get("b.ids")! });
      const chains = await compute({ inputIds: tensors.get("c.ids")!, chainIds });
      for (const name of ["last_hidden_state", "logits"]) {
        expectClose(alone[name], tensors.get(`b.${name}`), tolerance, `b.${name}`);
        const recorded = withoutPadding(tensors.get(`c.${name}`)!);
        expectClose(withoutPadding(chains[name]!), recorded, tolerance, `c.${name}`);
      }
    });

    const layouts: Record<string, Record<string, number[]>> = JSON.parse(metadata.layouts!);
    it.each(Object.entries(layouts))(
      "loads from the layout %s, and gives the recorded logits",
      async (_, layout) => {
        const files = memoryFolder(
          new Map([
            ["config.json", new TextEncoder().encode(metadata.config)],
            ["model.safetensors", writeSafetensors(pack(weights, layout))],
          ]),
        );
        const model = await loadAs("esmc", files);
        const inputs = new Map([
          ["input_ids", tensors.get("ids")!],
          ["attention_mask", tensors.get("mask")!],
        ]);
        const outputs = await runPretrained(runtime, model, inputs);
        for (const name of ["last_hidden_state", "logits"])
          expectClose(outputs.get(name), tensors.get(name), tolerance, name);
      },
    );
  });
});

/** The weights under the names of another layout, whose order is that of the table in the model's description. */
function pack(weights: ReadonlyMap<string, NdArray>, layout: Record<string, number[]>): Map<string, NdArray> {
  const find = (ending: RegExp, layer?: string): NdArray[] =>
    [...weights].flatMap(([name, value]) =>
      ending.test(name) && (layer === undefined || name.includes(`layers.${layer}.`)) ? [value] : [],
    );
  return new Map(
    Object.entries(layout).map(([name, shape]): [string, NdArray] => {
      const layer = /blocks\.(\d+)\./.exec(name)?.[1];
      const part = name.endsWith("bias") ? "bias" : "weight";
      const rules: readonly (readonly [RegExp, RegExp])[] = [
        [/embed/, /embed_tokens/],
        [/layernorm_qkv\.(1\.)?weight$/, /[qkv]_proj/],
        [/layernorm_qkv/, new RegExp(`input_layernorm\\.${part}`)],
        [/q_ln/, /q_norm/],
        [/k_ln/, /k_norm/],
        [/out_proj/, /o_proj/],
        [/ffn\.(1\.weight|fc1_weight)/, /(gate|up)_proj/],
        [/ffn\.(3\.weight|fc2_weight)/, /down_proj/],
        [/ffn/, new RegExp(`post_attention_layernorm\\.${part}`)],
        [/transformer\.norm/, /^esmc\.norm/],
        [/head\.0\./, new RegExp(`lm_head\\.dense\\.${part}`)],
        [/head\.2\./, new RegExp(`lm_head\\.layer_norm\\.${part}`)],
        [/head\.3\./, new RegExp(`lm_head\\.decoder\\.${part}`)],
      ];
      const order = ["q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"];
      const [, ending] = rules.find(([pattern]) => pattern.test(name))!;
      const found = order.flatMap((key) => (ending.test(key) ? find(new RegExp(key), layer) : []));
      const parts = found.length > 0 ? found : find(ending, layer);
      const data = Float32Array.from(parts.flatMap((value) => [...(value.data as Float32Array)]));
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

it("gives the recorded ids of texts, which are those of ESM2 but for what it refuses", () => {
  for (const { metadata } of recordings) {
    const ids: Record<string, number[]> = JSON.parse(metadata.tokens!).ids;
    expect(Object.keys(ids)).toHaveLength(19);
    for (const [text, expected] of Object.entries(ids)) expect(tokenizeEsmc(text), text).toEqual(expected);
  }
});
