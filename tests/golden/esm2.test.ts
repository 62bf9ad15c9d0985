// ESM2 against fair-esm (facebookresearch/esm): every representation, logits, contacts, attention, gradients.
// `esm2_small` carries its weights; `esm2_8m_hash` is the released 8M shape with weights from the hash.
import {
  add,
  type NdArray as ComputedArray,
  compile,
  f32,
  grad,
  i64,
  mean,
  mul,
  type ParameterDeclaration,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import type { NdArray } from "@proteoscope/formats";
import {
  canonicalEsm2Names,
  contactHead,
  type Esm2Config,
  esm2,
  esm2Config,
  esm2Presets,
  fairEsmName,
  languageModelHead,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  below,
  expectClose,
  expectGradientSummary,
  forwardTolerance,
  golden,
  gradientTolerance,
  hashInput,
  hashParameter,
} from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

/** The whole network: representations, logits, contacts, and the attention of the first layer. */
function everything(w: Weights, config: Esm2Config, inputIds: Tensor): Record<string, Tensor> {
  const outputs = esm2(w, config, { inputIds });
  const logits = languageModelHead(w, config, outputs.representations.at(-1)!);
  const contacts = contactHead(w, config, { inputIds }, outputs);
  const named = outputs.representations.map((x, index) => [`rep${index}`, x] as const);
  return { ...Object.fromEntries(named), logits, contacts, attn_layer0: outputs.attentions[0]! };
}

const declared = (config: Esm2Config): ReadonlyMap<string, ParameterDeclaration> =>
  trace((w, { inputIds }) => everything(w, config, inputIds), { inputIds: i64(1, 8) }).parameters;

/** The gradient of a loss by every parameter, `g.` before fair-esm's name. */
function gradientsOf(w: Weights, config: Esm2Config, loss: Tensor): Record<string, Tensor> {
  const parameters = [...declared(config)];
  const tensors = parameters.map(([name, { shape, initializer }]) => w.parameter(name, shape, initializer));
  const gradients = grad(loss, tensors);
  return Object.fromEntries(parameters.map(([name], index) => [`g.${fairEsmName(name)}`, gradients[index]!]));
}

/** Rows and columns between <cls> and the last token: [B, L, L] -> [B, L - 2, L - 2]. */
function residuePairs({ shape, data }: NdArray): NdArray {
  const [batch, length] = shape as [number, number];
  const inner = length - 2;
  const values = Float32Array.from({ length: batch * inner * inner }, (_, index) => {
    const [image, pair] = [Math.floor(index / inner ** 2), index % inner ** 2];
    const [row, column] = [Math.floor(pair / inner) + 1, (pair % inner) + 1];
    return Number(data[(image * length + row) * length + column]);
  });
  return { dtype: "float32", shape: [batch, inner, inner], data: values };
}

describe("ESM2 with 3 layers of 40", () => {
  const { tensors } = golden("esm2_small");
  const config = esm2Config({ numHiddenLayers: 3, hiddenSize: 40, numAttentionHeads: 4 });
  const weights = canonicalEsm2Names(below(tensors, "w."));
  const tokens = tensors.get("tokens")!;

  it("gives the recorded representations, logits, contacts and attention; one session serves two lengths", async () => {
    const program = await compile(
      runtime,
      (w, { inputIds }) => everything(w, config, inputIds),
      { inputIds: i64("batch", "residues") },
      { weights },
    );
    const { contacts, ...outputs } = await program.run({ inputIds: tokens });
    expect(Object.keys(outputs)).toHaveLength(6);
    for (const [name, value] of Object.entries(outputs))
      expectClose(value, tensors.get(name), forwardTolerance, name);
    expectClose(residuePairs(contacts as NdArray), tensors.get("contacts"), forwardTolerance, "contacts");

    const shorter: NdArray = { dtype: "int64", shape: [1, 11], data: tokens.data.slice(24, 35) };
    const alone = await program.run({ inputIds: shorter });
    const expected = tensors.get("rep3")!.data.subarray(24 * 40, 35 * 40) as Float32Array;
    const rows = { dtype: "float32", shape: [1, 11, 40], data: expected } as const;
    expectClose(alone.rep3, rows, forwardTolerance, "the padded protein without its padding");
    await program.close();
  });

  it("gives the recorded gradient of every parameter", async () => {
    const like = (name: string) => f32(...tensors.get(name)!.shape);
    const program = await compile(
      runtime,
      (w, { inputIds, w2, w3, wLogits }) => {
        const { representations } = esm2(w, config, { inputIds });
        const logits = languageModelHead(w, config, representations[3]!);
        const loss = add(
          add(mean(mul(representations[2]!, w2)), mean(mul(representations[3]!, w3))),
          mul(mean(mul(logits, wLogits)), 0.1),
        );
        return { loss, ...gradientsOf(w, config, loss) };
      },
      {
        inputIds: i64(...tokens.shape),
        w2: like("w_rep2"),
        w3: like("w_rep3"),
        wLogits: like("w_logits"),
      },
      { weights },
    );
    const { loss, ...gradients }: Record<string, ComputedArray> = await program.run({
      inputIds: tokens,
      w2: tensors.get("w_rep2")!,
      w3: tensors.get("w_rep3")!,
      wLogits: tensors.get("w_logits")!,
    });
    expectClose(loss, tensors.get("loss"), forwardTolerance, "loss");
    const recorded = [...tensors.keys()].filter((name) => name.startsWith("g."));
    expect(Object.keys(gradients).sort()).toEqual(recorded.sort());
    for (const [name, value] of Object.entries(gradients))
      expectClose(value, tensors.get(name), gradientTolerance, name);
    await program.close();
  });
});

describe("ESM2 of the released 8M shape", () => {
  it("gives the recorded representations, logits and gradients", async () => {
    const { tensors, metadata } = golden("esm2_8m_hash");
    const config = esm2Presets.t6_8M;
    const tokens = tensors.get("tokens")!;
    const parameters = declared(config);
    const weights = new Map(
      [...parameters].map(([name, { shape }]) => [name, hashParameter(fairEsmName(name)!, shape)]),
    );
    const program = await compile(
      runtime,
      (w, { inputIds, weight }) => {
        const { rep0, rep3, rep6, logits } = everything(w, config, inputIds);
        const loss = add(mean(mul(rep6!, weight)), mean(logits!));
        const recorded = { rep0: rep0!, rep3: rep3!, rep6: rep6!, logits: logits!, loss };
        return { ...recorded, ...gradientsOf(w, config, loss) };
      },
      { inputIds: i64(...tokens.shape), weight: f32(...tensors.get("rep6")!.shape) },
      { weights },
    );
    const weight = hashInput("w_rep", tensors.get("rep6")!.shape);
    const { rep0, rep3, rep6, logits, loss, ...gradients } = await program.run({ inputIds: tokens, weight });
    for (const [name, value] of Object.entries({ rep0, rep3, rep6, logits, loss }))
      expectClose(value, tensors.get(name), forwardTolerance, name);
    const names = JSON.parse(metadata.keys!) as string[];
    expectGradientSummary(
      below(new Map(Object.entries(gradients as Record<string, NdArray>)), "g."),
      names,
      tensors.get("gnorm")!,
      tensors.get("ghead")!,
    );
    await program.close();
  });
});
