/**
 * Two-dimensional convolution and its gradients.
 *
 * The input gradient is ConvTranspose. The weight gradient is one matrix product of the output gradient with the
 * unfolded input, which runs at the machine's matrix-product rate where a convolution with a huge kernel would not
 * (Chellapilla et al. 2006, "High performance convolutional neural networks"). Emission may lower both otherwise for a
 * device, see passes/winograd.ts.
 */
import { type Dim, fixed, formatShape, ShapeError } from "../shape.ts";
import { apply, constant, type Operator, type Tensor } from "../tensor.ts";
import { sum } from "./broadcast.ts";
import { gather } from "./gather.ts";
import { pad, reshape, transpose } from "./layout.ts";
import { matmul } from "./matmul.ts";

/** Options of `conv2d`; all lengths are in pixels. */
export interface Conv2dOptions {
  /** Distance between windows, along both axes. Default 1. */
  stride?: number;
  /** Zeros around the image: one amount for all sides, or [top, left, bottom, right]. Default 0. */
  padding?: number | readonly [number, number, number, number];
  /** Groups of channels that are convolved apart. Default 1. */
  groups?: number;
}

/** The options as ONNX and the rules below want them. */
interface Geometry {
  strides: [number, number];
  pads: readonly [number, number, number, number];
  group: number;
  kernel: [number, number];
}

function geometryOf(attributes: Record<string, unknown>): Geometry {
  const { strides, pads, group, kernel_shape } = attributes;
  return { strides, pads, group, kernel: kernel_shape } as unknown as Geometry;
}

const convOperator: Operator = {
  name: "Conv",
  gradient: (node, [g], isNeeded) => {
    const [x, weight] = node.inputs as readonly [Tensor, Tensor];
    const geometry = geometryOf(node.attributes);
    return [
      isNeeded(0) ? inputGradient(x, weight, g!, geometry) : undefined,
      isNeeded(1) ? weightGradient(x, weight, g!, geometry) : undefined,
      isNeeded(2) ? sum(g!, { axes: [0, 2, 3] }) : undefined,
    ];
  },
};

/**
 * Convolves images (cross-correlation, as in PyTorch): x [B, C, H, W], weight [O, C / groups, kH, kW], bias [O] ->
 * [B, O, H', W'] with H' = floor((H + top + bottom - kH) / stride) + 1.
 *
 * @throws ShapeError where weight or bias do not fit, and for an open side unless the convolution keeps its size.
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: Conv2dOptions = {},
): Tensor {
  const { stride = 1, padding = 0, groups = 1 } = options;
  const pads = typeof padding === "number" ? ([padding, padding, padding, padding] as const) : padding;
  const [outChannels, perGroup, kernelHeight, kernelWidth] = weight.shape.map((dim) =>
    fixed(dim, "Conv", "the weight"),
  ) as number[];
  if (
    x.shape.length !== 4 ||
    weight.shape.length !== 4 ||
    x.shape[1] !== perGroup! * groups ||
    outChannels! % groups !== 0
  )
    throw new ShapeError(
      `Conv: weight ${formatShape(weight.shape)} in ${groups} groups does not fit input ${formatShape(x.shape)}`,
    );
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== outChannels))
    throw new ShapeError(
      `Conv: bias ${formatShape(bias.shape)} does not fit weight ${formatShape(weight.shape)}`,
    );
  const extent = (dim: Dim, amount: number, kernel: number): Dim => {
    if (stride === 1 && amount === kernel - 1) return dim;
    const size = fixed(dim, "Conv", `the sides of ${formatShape(x.shape)}`) + amount - kernel;
    if (size < 0)
      throw new ShapeError(
        `Conv: a kernel of ${formatShape(weight.shape)} is larger than ${formatShape(x.shape)}`,
      );
    return Math.floor(size / stride) + 1;
  };
  const height = extent(x.shape[2]!, pads[0] + pads[2], kernelHeight!);
  const width = extent(x.shape[3]!, pads[1] + pads[3], kernelWidth!);
  const attributes = {
    strides: [stride, stride],
    pads,
    group: groups,
    kernel_shape: [kernelHeight!, kernelWidth!],
  };
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return apply(convOperator, inputs, attributes, {
    dtype: x.dtype,
    shape: [x.shape[0]!, outChannels!, height, width],
  });
}

const convTransposeOperator: Operator = { name: "ConvTranspose" };

function inputGradient(
  x: Tensor,
  weight: Tensor,
  g: Tensor,
  { strides, pads, group, kernel }: Geometry,
): Tensor {
  // Rows and columns that no output reads, when the stride does not divide the padded side, get zeros at the end.
  const remainder = (side: 0 | 1) => {
    const size = fixed(x.shape[2 + side], "gradient of Conv", "a side");
    return (size + pads[side] + pads[side + 2]! - kernel[side]) % strides[side];
  };
  const attributes = {
    strides,
    pads,
    group,
    kernel_shape: kernel,
    output_padding: [remainder(0), remainder(1)],
  };
  return apply(convTransposeOperator, [g, weight], attributes, x);
}

/** The name under which a graph keeps a weight's gradient together, for passes that know a faster way. */
export const convWeightGradient = "ConvWeightGradient";

const weightGradientOperator: Operator = { name: convWeightGradient, isAlias: true };

function weightGradient(x: Tensor, weight: Tensor, g: Tensor, geometry: Geometry): Tensor {
  const { group, kernel, strides, pads } = geometry;
  const [outChannels, perGroup] = weight.shape as [number, number];
  const pixels = [g.shape[0]!, g.shape[2]!, g.shape[3]!].reduce<number>(
    (n, dim) => n * fixed(dim, "gradient of Conv", "the output"),
    1,
  );
  const tapCount = kernel[0] * kernel[1];
  const inGroup = outChannels / group;
  const outputs = reshape(transpose(g, [1, 0, 2, 3]), [group, inGroup, pixels]);
  const taps = reshape(unfold(x, g, geometry), [pixels, tapCount, group, perGroup]);
  const flat =
    group === 1
      ? matmul(reshape(outputs, [outChannels, pixels]), reshape(taps, [pixels, tapCount * perGroup]))
      : matmul(outputs, reshape(transpose(taps, [2, 0, 1, 3]), [group, pixels, tapCount * perGroup]));
  const plain = reshape(transpose(reshape(flat, [outChannels, tapCount, perGroup]), [0, 2, 1]), weight.shape);
  const attributes = { strides, pads, group, kernel_shape: kernel };
  return apply(weightGradientOperator, [plain, x, g], attributes, weight);
}

/**
 * Lists the pixels of each window: x [N, C, H, W] -> [N * H' * W', taps * C], as one lookup of pixels, each with its
 * channels.
 */
function unfold(x: Tensor, g: Tensor, { kernel, strides, pads }: Geometry): Tensor {
  const [batch, channels, height, width] = x.shape as number[];
  const padded = pad(transpose(x, [0, 2, 3, 1]), [0, pads[0], pads[1], 0], [0, pads[2], pads[3], 0]);
  const [rows, columns] = [height! + pads[0] + pads[2], width! + pads[1] + pads[3]];
  const [outRows, outColumns] = g.shape.slice(2) as [number, number];
  const taps = kernel[0] * kernel[1];
  const count = batch! * outRows * outColumns;
  const pixels = reshape(padded, [batch! * rows * columns, channels!]);
  if (taps === 1 && rows === outRows && columns === outColumns) return pixels;
  const indices = Int32Array.from({ length: count * taps }, (_, index) => {
    const [pixel, tap] = [Math.floor(index / taps), index % taps];
    const image = Math.floor(pixel / (outRows * outColumns));
    const row = (Math.floor(pixel / outColumns) % outRows) * strides[0] + Math.floor(tap / kernel[1]);
    const column = (pixel % outColumns) * strides[1] + (tap % kernel[1]);
    return (image * rows + row) * columns + column;
  });
  const seen = gather(pixels, constant({ dtype: "int32", shape: [count, taps], data: indices }));
  return reshape(seen, [count, taps * channels!]);
}
