// CELL-Diff in stages (../staged/stages.ts): one step of denoising, and the reading of a sequence. In one graph they are the
// network; apart, each layer of the U-Net and of the transformer has its weights by itself.

import {
  add,
  concat,
  convolution,
  fixed,
  groupNorm,
  linear,
  matrixTranspose,
  product,
  reshape,
  resizeNearest,
  silu,
  split,
  type Tensor,
  type Tensors,
  type Weights,
} from "@proteoscope/engine";
import { esm2Embeddings, esm2Layer, esm2Norm } from "../esm2/network.ts";
import { applyStages, type Stage } from "../staged/stages.ts";
import { type Context, residualBlock, timeEmbedding, transformer } from "../unet/network.ts";
import {
  adaptiveBlock,
  type CellDiffConfig,
  type CellDiffInputs,
  type CellDiffOutputs,
  cellDiffKeyValues,
  crossAttentions,
  languageModelOf,
  modulate,
  modulation,
  placeSequence,
  placeTable,
  tokenType,
  unetEpsilon,
} from "./network.ts";

/** Sides of latents. */
export interface LatentSize {
  readonly height: number;
  readonly width: number;
}

/** One step of denoising, of latents whose sides are equal. @throws ShapeError for open sides. */
export function cellDiffDenoise(w: Weights, config: CellDiffConfig, inputs: CellDiffInputs): CellDiffOutputs {
  const { keyValues, ...others } = inputs;
  const side = (axis: 2 | 3) => fixed(inputs.sample.shape[axis], "cell-diff", "a side of the latents");
  const stages = denoisingStages(config, { height: side(2), width: side(3) });
  const { noise, sequenceLogits } = applyStages(w, stages, { ...others, ...keyValues });
  return { noise: noise!, sequenceLogits: sequenceLogits! };
}

/** input_ids [B, T] -> `sequence` and the keys and values of all cross-attentions, by their names. */
export function sequenceStages(config: CellDiffConfig): Stage[] {
  const { esm } = config;
  const layers = Array.from(
    { length: esm.numHiddenLayers },
    (_, index): Stage => ({
      ...{ name: `esm.${index}`, reads: ["h", "mask"], writes: ["h"] },
      apply: (w, { h, mask }) => ({ h: esm2Layer(languageModelOf(w), esm, { index, x: h!, mask: mask! }).x }),
    }),
  );
  return [
    {
      ...{ name: "esm.embeddings", reads: ["input_ids"], writes: ["h", "mask"] },
      apply(w, { input_ids }) {
        const { x, mask } = esm2Embeddings(languageModelOf(w), esm, { inputIds: input_ids! });
        return { h: x, mask };
      },
    },
    ...layers,
    {
      ...{ name: "sequence", reads: ["h"], writes: ["sequence"] },
      apply: (w, { h }) => ({
        sequence: placeSequence(w, config, esm2Norm(languageModelOf(w), esm, h!)),
      }),
    },
    {
      ...{ name: "key_values", reads: ["sequence"], writes: crossAttentions(config).map(({ name }) => name) },
      apply: (w, { sequence }) => cellDiffKeyValues(w, config, sequence!),
    },
  ];
}

/** sample, cell, timestep, `sequence` and its keys and values -> noise, sequenceLogits. */
export function denoisingStages(config: CellDiffConfig, size: LatentSize): Stage[] {
  const { blockOutChannels: channels, layersPerBlock } = config;
  const last = channels.length - 1;
  const stages: Stage[] = [entranceStage(config)];
  const sizes: LatentSize[] = [size]; // of each skip
  for (const [index, width] of channels.entries()) {
    const path = `net.down_blocks.${index}`;
    for (let layer = 0; layer < layersPerBlock; layer += 1) {
      const block = unetLayer(config, { path, layer, width, hasAttention: index < last });
      stages.push(savedAsSkip(block, sizes.length));
      sizes.push(sizes.at(-1)!);
    }
    if (index === last) continue;
    stages.push(savedAsSkip(downsampler(path, width), sizes.length));
    const { height, width: columns } = sizes.at(-1)!;
    sizes.push({ height: Math.ceil(height / 2), width: Math.ceil(columns / 2) });
  }
  stages.push(...middleStages(config, sizes.at(-1)!));
  for (let index = 0; index <= last; index += 1) {
    const path = `net.up_blocks.${index}`;
    const width = channels[last - index]!;
    for (let layer = 0; layer <= layersPerBlock; layer += 1) {
      sizes.pop();
      const skip = skipName(sizes.length);
      stages.push(unetLayer(config, { path, layer, width, hasAttention: index > 0, skip }));
    }
    const next = sizes.at(-1);
    if (next !== undefined) stages.push(upsampler(path, width, next));
  }
  return [...stages, exitStage(config)];
}

const skipName = (index: number): string => `skip.${index}`;

function savedAsSkip(stage: Stage, index: number): Stage {
  return {
    ...stage,
    writes: [...stage.writes, skipName(index)],
    apply(w, values) {
      const given = stage.apply(w, values);
      return { ...given, [skipName(index)]: given.x! };
    },
  };
}

/** SiLU of the time's embedding as `active`, the latents after the first convolution as `x`. */
function entranceStage(config: CellDiffConfig): Stage {
  const { blockOutChannels } = config;
  const stage: Stage = {
    ...{ name: "entrance", reads: ["sample", "cell", "timestep"], writes: ["active", "x"] },
    apply(w, { sample, cell, timestep }) {
      const net = w.at("net");
      const sizes = { blockOutChannels, timeCondProjDim: null };
      const time = timeEmbedding(net.at("time_embedding"), sizes, { timestep: timestep! });
      const entered = concat([sample!, cell!], 1);
      const options = { kernel: 3, padding: 1 };
      return {
        active: silu(time),
        x: convolution(net.at("img_conv_in"), entered, blockOutChannels[0]!, options),
      };
    },
  };
  return savedAsSkip(stage, 0);
}

/** A residual block, after a skip where there is one, and its attention to the sequence. */
function unetLayer(
  { unetAttentionHeads, normNumGroups }: CellDiffConfig,
  {
    path,
    layer,
    width,
    hasAttention,
    skip,
  }: {
    readonly path: string;
    readonly layer: number;
    readonly width: number;
    readonly hasAttention: boolean;
    readonly skip?: string;
  },
): Stage {
  const attention = `${path}.attentions.${layer}`;
  const keyValueNames = ["to_k", "to_v"].map((name) => `${attention}.transformer_blocks.0.attn2.${name}`);
  return {
    name: `${path}.${layer}`,
    reads: ["x", "active", ...(skip === undefined ? [] : [skip]), ...(hasAttention ? keyValueNames : [])],
    writes: ["x"],
    apply(w, { x, active, ...values }) {
      const context: Context = {
        config: { attentionHeadDim: unetAttentionHeads, normNumGroups, normEps: unetEpsilon },
        ...{ timeEmbedding: active!, keyValues: values, bias: undefined },
      };
      const entered = skip === undefined ? x! : concat([x!, values[skip]!], 1);
      const y = residualBlock(w.at(path, "resnets", layer), context, entered, width);
      return { x: hasAttention ? transformer(w, context, attention, y) : y };
    },
  };
}

function downsampler(path: string, width: number): Stage {
  const options = { kernel: 3, stride: 2, padding: 1 };
  return {
    ...{ name: `${path}.downsampler`, reads: ["x"], writes: ["x"] },
    apply: (w, { x }) => ({ x: convolution(w.at(path, "downsamplers", 0, "conv"), x!, width, options) }),
  };
}

function upsampler(path: string, width: number, size: LatentSize): Stage {
  const options = { kernel: 3, padding: 1 };
  return {
    ...{ name: `${path}.upsampler`, reads: ["x"], writes: ["x"] },
    apply: (w, { x }) => ({
      x: convolution(w.at(path, "upsamplers", 0, "conv"), resizeNearest(x!, size), width, options),
    }),
  };
}

/** The transformer over places of the image [B, h * h, hidden] and residues [B, T, hidden], which attend to each other. */
function middleStages(config: CellDiffConfig, { height: grid, width: columns }: LatentSize): Stage[] {
  const { hiddenSize, numHiddenLayers, sampleSize, blockOutChannels } = config;
  const channels = blockOutChannels.at(-1)!;
  const base = Math.ceil(sampleSize / 2 ** (blockOutChannels.length - 1));
  const blocks = Array.from(
    { length: numHiddenLayers },
    (_, index): Stage => ({
      ...{ name: `middle.${index}`, reads: ["h", "active"], writes: ["h"] },
      apply: (w, { h, active }) => ({
        h: adaptiveBlock(w.at("net", "unified_encoder", index), config, h!, active!),
      }),
    }),
  );
  return [
    {
      ...{ name: "middle.entrance", reads: ["x", "sequence"], writes: ["h"] },
      apply(w, { x, sequence }) {
        const net = w.at("net");
        const embedded = convolution(net.at("img_embedding", "proj"), x!, hiddenSize, { kernel: 1 });
        const flat = reshape(embedded, [x!.shape[0]!, hiddenSize, product([grid, columns])]);
        const places = add(matrixTranspose(flat), placeTable(grid, base, hiddenSize));
        return { h: concat([add(places, tokenType(net, config, 0)), sequence!], 1) };
      },
    },
    ...blocks,
    {
      ...{ name: "middle.exit", reads: ["h", "active"], writes: ["x", "residues"] },
      apply(w, { h, active }) {
        const tokens = fixed(h!.shape[1], "cell-diff", "the number of tokens");
        const [image, residues] = split(h!, 1, [grid * grid, tokens - grid * grid]) as [Tensor, Tensor];
        const out = w.at("net", "img_proj_out");
        const [shift, scale] = modulation(out, active!, hiddenSize, 2) as [Tensor, Tensor];
        const projected = linear(out.at("linear"), modulate(out, image, shift, scale), channels);
        const x = reshape(matrixTranspose(projected), [h!.shape[0]!, channels, grid, columns]);
        return { x, residues };
      },
    },
  ];
}

function exitStage({ normNumGroups, latentChannels, vocabSize }: CellDiffConfig): Stage {
  return {
    ...{ name: "exit", reads: ["x", "residues"], writes: ["noise", "sequenceLogits"] },
    apply(w, { x, residues }): Tensors {
      const net = w.at("net");
      const normal = silu(groupNorm(net.at("conv_norm_out"), x!, normNumGroups, unetEpsilon));
      return {
        noise: convolution(net.at("img_conv_out"), normal, latentChannels, { kernel: 3, padding: 1 }),
        sequenceLogits: linear(net.at("seq_proj_out"), residues!, vocabSize),
      };
    },
  };
}
