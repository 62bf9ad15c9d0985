/**
 * A lowering for inference on the cpu of a 3x3 convolution of an image that was doubled by repeating pixels. Each window
 * covers 2x2 pixels of the small image, so that four 2x2 convolutions of that image do the same, one for each phase (the
 * position within a doubled pixel): 16 products instead of 36. The weights of repeated pixels are added up once.
 */
import { conv2d } from "../ops/convolution.ts";
import { add } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/layout.ts";
import { apply, type Node, type Operator, type Tensor } from "../tensor.ts";
import type { Rule } from "./rewrite.ts";

const depthToSpace: Operator = { name: "DepthToSpace" };

/** The fewest channels for which the products take longer than interleaving the four results. */
const leastChannels = 128;

/** Rewrites Conv(Resize(x [B, C, H, W]), weight [O, C, 3, 3], bias [O] or none) -> [B, O, 2H, 2W]. */
export const splitUpsampling: Rule = (node) => {
  const x = sourceOfUpsampling(node);
  if (x === undefined) return undefined;
  const [, weight, bias] = node.inputs as readonly [Tensor, Tensor, Tensor | undefined];
  const phases = [0, 1].flatMap((row) => {
    const rows = sumTaps(weight, 2, row);
    return [0, 1].map((column) =>
      conv2d(x, sumTaps(rows, 3, column), bias, { padding: [1 - row, 1 - column, row, column] }),
    );
  });
  return [apply(depthToSpace, [concat(phases, 1)], { blocksize: 2, mode: "DCR" }, node.outputs[0]!)];
};

/** Finds the small image of a 3x3 convolution that keeps the size of a doubled one. */
function sourceOfUpsampling({ operator, attributes, inputs }: Node): Tensor | undefined {
  const [large, weight] = inputs;
  const resize = large?.node;
  if (operator.name !== "Conv" || resize?.operator.name !== "Resize") return undefined;
  const { kernel_shape: kernel, strides, pads, group } = attributes;
  if (`${kernel} ${strides} ${pads} ${group}` !== "3,3 1,1 1,1,1,1 1") return undefined;
  const [x] = resize.inputs as readonly [Tensor];
  const isTwice = [2, 3].every((axis) => large!.shape[axis] === 2 * (x.shape[axis] as number));
  const isLarge = weight!.shape.slice(0, 2).every((channels) => (channels as number) >= leastChannels);
  return isTwice && isLarge && resize.attributes.mode === "nearest" ? x : undefined;
}

/**
 * Makes three taps along an axis two, which see two pixels: the last two taps see one at phase 0, the first two at 1.
 */
function sumTaps(weight: Tensor, axis: number, phase: number): Tensor {
  const tap = (index: number) => slice(weight, axis, index, index + 1);
  const taps = phase === 0 ? [tap(0), add(tap(1), tap(2))] : [add(tap(0), tap(1)), tap(2)];
  return concat(taps, axis);
}
