// The three layouts of an ESMC state dict: transformers' since 5.16, whose names are used here; the .pth files of December
// 2024; and the safetensors files of May 2026. The two older ones pack queries, keys and values, and both halves of SwiGLU,
// into one matrix each. A state dict of any other layout is refused: a loader that skips names that it does not know leaves
// weights random.

import { listBriefly } from "@proteoscope/formats";
import { CheckpointError } from "../checkpoints/file-source.ts";

/** Names of transformers with those of the two packed layouts; `#` stands for the number of a layer. */
const whole: readonly (readonly [transformers: string, pth: string, native: string])[] = [
  ["esmc.embed_tokens.weight", "embed.weight", "esmc.embed.weight"],
  ["esmc.norm.weight", "transformer.norm.weight", "esmc.transformer.norm.weight"],
  ...(["weight", "bias"] as const).flatMap((part) => [
    layer(`input_layernorm.${part}`, `attn.layernorm_qkv.0.${part}`, `attn.layernorm_qkv.layer_norm_${part}`),
    layer(`post_attention_layernorm.${part}`, `ffn.0.${part}`, `ffn.layer_norm_${part}`),
    head(`dense.${part}`, 0, part),
    head(`layer_norm.${part}`, 2, part),
    head(`decoder.${part}`, 3, part),
  ]),
  layer("self_attn.q_norm.weight", "attn.q_ln.weight", "attn.q_ln.weight"),
  layer("self_attn.k_norm.weight", "attn.k_ln.weight", "attn.k_ln.weight"),
  layer("self_attn.o_proj.weight", "attn.out_proj.weight", "attn.out_proj.weight"),
  layer("mlp.down_proj.weight", "ffn.3.weight", "ffn.fc2_weight"),
];

/** Packed matrices: the names of their parts in the order of the rows, and their own names. */
const packed: readonly (readonly [parts: readonly string[], pth: string, native: string])[] = [
  [
    ["q", "k", "v"].map((name) => `esmc.layers.#.self_attn.${name}_proj.weight`),
    "transformer.blocks.#.attn.layernorm_qkv.1.weight",
    "esmc.transformer.blocks.#.attn.layernorm_qkv.weight",
  ],
  [
    ["gate", "up"].map((name) => `esmc.layers.#.mlp.${name}_proj.weight`),
    "transformer.blocks.#.ffn.1.weight",
    "esmc.transformer.blocks.#.ffn.fc1_weight",
  ],
];

function layer(transformers: string, pth: string, native: string): [string, string, string] {
  return [
    `esmc.layers.#.${transformers}`,
    `transformer.blocks.#.${pth}`,
    `esmc.transformer.blocks.#.${native}`,
  ];
}

function head(transformers: string, index: number, part: string): [string, string, string] {
  return [`lm_head.${transformers}`, `sequence_head.${index}.${part}`, `lm_head.${index}.${part}`];
}

/** The names of each layout to those of transformers, one per part of a packed matrix. */
const layouts: Readonly<Record<string, ReadonlyMap<string, readonly string[]>>> = {
  "transformers 5.16": new Map([
    ...whole.map(([name]) => [name, [name]] as const),
    ...packed.flatMap(([parts]) => parts.map((name) => [name, [name]] as const)),
  ]),
  "pth of 2024-12": new Map([
    ...whole.map(([name, pth]) => [pth, [name]] as const),
    ...packed.map(([parts, pth]) => [pth, parts] as const),
  ]),
  "safetensors of 2026-05": new Map([
    ...whole.map(([name, , native]) => [native, [name]] as const),
    ...packed.map(([parts, , native]) => [native, parts] as const),
  ]),
};

/** Empty entries of a library of kernels. */
const ignored = /\._extra_state$/;

/** Names that show that a state dict is an ESMC's, in one of its layouts or in another. */
export const esmcNames = /^(esmc\.|transformer\.blocks\.\d+\.attn\.layernorm_qkv\.)/;

/** Splits a tensor [parts * rows, ...] into equal parts along its rows. */
export type SplitRows<T> = (value: T, parts: number) => readonly T[];

/**
 * A state dict of any of the three layouts under transformers' names; `place` names it in messages.
 * @throws CheckpointError where its names are those of none, with the first of them.
 */
export function canonicalEsmcNames<T>(
  stateDict: ReadonlyMap<string, T>,
  splitRows: SplitRows<T>,
  place: string,
): Map<string, T> {
  const names = [...stateDict.keys()].filter((name) => !ignored.test(name));
  const pattern = (name: string): string =>
    name.replace(/\.\d+\.(?=(attn|ffn|self_attn|mlp|\w+norm)\.)/, ".#.");
  const unknownIn = (layout: ReadonlyMap<string, unknown>): string[] =>
    names.filter((name) => !layout.has(pattern(name)));
  const [best] = Object.entries(layouts)
    .map(([title, layout]) => ({ title, layout, unknown: unknownIn(layout) }))
    .sort((a, b) => a.unknown.length - b.unknown.length);
  const { title, layout, unknown } = best!;
  if (unknown.length > 0)
    throw new CheckpointError(
      `${place}: its names are those of no known layout of ESMC (${Object.keys(layouts).join(", ")}); ${unknown.length} of ${names.length} are unknown in ${title}: ${listBriefly(unknown)}`,
    );
  return new Map(
    names.flatMap((name): [string, T][] => {
      const parts = layout.get(pattern(name))!;
      const number = /\.(\d+)\./.exec(name)?.[1] ?? "";
      const value = stateDict.get(name)!;
      const values = parts.length === 1 ? [value] : splitRows(value, parts.length);
      return parts.map((part, index) => [part.replace("#", number), values[index]!]);
    }),
  );
}
