// What the browser and Node compute alike: a graph of every kind of operator with gradients and state, and the small
// denoiser of the golden files. Runs in both; values come from outside.
import {
  attention,
  bool,
  convolution,
  embedding,
  f32,
  gelu,
  grad,
  groupNorm,
  type InputTypes,
  i64,
  layerNorm,
  linear,
  type Model,
  mean,
  mul,
  reshape,
  resizeBilinear,
  resizeNearest,
  silu,
  transpose,
} from "@proteoscope/engine";
import {
  crossAttentionKeyValues,
  maskedMean,
  type UnetConfig,
  unet,
  unetDefaults,
} from "@proteoscope/models";

export interface BrowserModel {
  readonly types: InputTypes;
  readonly model: Model;
}

const graphTypes = { image: f32(2, 4, 9, 7), tokens: i64(2, "residues") };

/** An image attends to a sequence; the loss is differentiated to the image and two parameters. */
const graph: Model<typeof graphTypes> = (w, { image, tokens }) => {
  const features = silu(
    groupNorm(
      w.at("norm"),
      convolution(w.at("conv"), image, 8, { kernel: 3, stride: 2, padding: 1 }),
      2,
      1e-5,
    ),
  );
  const size = { height: 6, width: 5 };
  const larger = mul(resizeNearest(features, size), resizeBilinear(features, size)); // [2, 8, 6, 5]
  const queries = reshape(transpose(reshape(larger, [2, 8, 30]), [0, 2, 1]), [2, 1, 30, 8]);
  const sequence = layerNorm(w.at("layer"), embedding(w.at("embed"), tokens, 6, 8));
  const keys = reshape(linear(w.at("key"), sequence, 8), [2, 1, "residues", 8]);
  const y = linear(w.at("out"), gelu(attention(queries, keys, keys)), 3); // [2, 1, 30, 3]
  const loss = mean(mul(y, y));
  const kernel = w.parameter("conv.weight", [8, 4, 3, 3], { kind: "constant", value: 0 });
  const table = w.parameter("embed.weight", [6, 8], { kind: "constant", value: 0 });
  const [toImage, toKernel, toTable] = grad(loss, [image, kernel, table]);
  return { y, loss, toImage: toImage!, toKernel: toKernel!, toTable: toTable! };
};

const small: UnetConfig = {
  ...unetDefaults,
  blockOutChannels: [32, 32, 64],
  layersPerBlock: 1,
  crossAttentionDim: 24,
  timeCondProjDim: 24,
  normNumGroups: 8,
};

const unetTypes = { x: f32(2, 5, 25, 25), t: i64(2), enc: f32(2, "residues", 24), mask: bool(2, "residues") };

const smallUnet: Model<typeof unetTypes> = (w, { x, t, enc, mask }) => ({
  y: unet(w, small, {
    sample: x,
    timestep: t,
    timestepCond: maskedMean(enc, mask),
    keyValues: crossAttentionKeyValues(w, small, enc),
    mask,
  }),
});

export const browserModels = {
  graph: { types: graphTypes, model: graph as Model },
  unet: { types: unetTypes, model: smallUnet as Model },
} as const satisfies Record<string, BrowserModel>;

export type BrowserModelName = keyof typeof browserModels;
