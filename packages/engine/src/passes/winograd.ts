/**
 * A lowering of 3x3 convolutions and their gradients to Winograd's F(2x2, 3x3): 16 products where the definition takes 36
 * (Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", arXiv:1509.09308).
 *
 * The image is cut into tiles of 4x4 that overlap by two, each tile and the weights are transformed by small fixed
 * matrices, which leaves 16 large matrix products over the channels. All three directions, forward and both
 * gradients, work on transformed tiles and weights. It is for the cpu, whose matrix product is faster than its convolution.
 */
import { convWeightGradient } from "../ops/convolution.ts";
import { add } from "../ops/elementwise.ts";
import { gather } from "../ops/gather.ts";
import { matrixTranspose, pad, reshape, slice, transpose } from "../ops/layout.ts";
import { matmul } from "../ops/matmul.ts";
import { constant, type Node, type Tensor } from "../tensor.ts";
import type { Rule } from "./rewrite.ts";

type Matrix = readonly (readonly number[])[];

const tileTransform: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
const weightTransform: Matrix = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const outputTransform: Matrix = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/** Turning a kernel by 180 degrees exchanges the first and the last row of its transform, and leaves the others. */
const turnedRows = [3, 1, 2, 0];

/** The fewest channels, on either side, that are worth the transforms. */
const leastChannels = 96;

interface Size {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Makes the rule for one graph, which rewrites `Conv`, `ConvTranspose` and the gradient of a convolution's weight. */
export function winogradConvolutions(): Rule {
  const tilesOf = tileReader();
  return (node) => {
    const lower = lowerings[node.operator.name];
    return lower !== undefined && isEligible(node) ? [lower(node, tilesOf)] : undefined;
  };
}

const lowerings: Readonly<Record<string, (node: Node, tilesOf: TileReader) => Tensor>> = {
  Conv: (node, tilesOf) => {
    const [x, weight, bias] = node.inputs as readonly [Tensor, Tensor, Tensor | undefined];
    const tiles = transform(tileTransform, tilesOf(x, "forward"));
    const products = matmul(tiles, matrixTranspose(transformWeight(weight)));
    return assembleImage(transform(outputTransform, products), sizeOf(x), bias);
  },
  // The gradient of the input is the convolution of the output's gradient with the turnedRows kernel. The transformed
  // weights stay as they are in the forward direction: the tile's transform is turnedRows in their position.
  ConvTranspose: (node, tilesOf) => {
    const [g, weight] = node.inputs as readonly [Tensor, Tensor];
    const tiles = transform(
      turnedRows.map((row) => tileTransform[row]!),
      tilesOf(g, "forward"),
    );
    const back = outputTransform.map((row) => turnedRows.map((column) => row[column]!));
    return assembleImage(transform(back, matmul(tiles, transformWeight(weight))), sizeOf(g), undefined);
  },
  [convWeightGradient]: (node, tilesOf) => {
    const [weight, x, g] = node.inputs as readonly [Tensor, Tensor, Tensor];
    const tiles = transform(tileTransform, tilesOf(x, "backward")); // [16, T, C]
    const outputs = transform(transposeMatrix(outputTransform), tilesOf(g, "outputs")); // [16, T, O]
    const products = matmul(matrixTranspose(outputs), tiles); // [16, O, C]
    const [outChannels, inChannels] = weight.shape as readonly [number, number];
    const flat = matrixTranspose(reshape(products, [16, outChannels * inChannels]));
    return reshape(matmul(flat, kronecker(weightTransform)), weight.shape);
  },
};

function isEligible({ operator, attributes, inputs, outputs }: Node): boolean {
  const { strides, pads, group, kernel_shape: kernel } = attributes as Record<string, number[] | number>;
  const isSame = `${kernel}` === "3,3" && `${strides}` === "1,1" && `${pads}` === "1,1,1,1" && group === 1;
  const weight = operator.name === convWeightGradient ? outputs[0]! : inputs[1]!;
  const isFixed = inputs.every(
    (tensor) => tensor === undefined || tensor.shape.every((dim) => typeof dim === "number"),
  );
  return isSame && isFixed && weight.shape.slice(0, 2).every((dim) => (dim as number) >= leastChannels);
}

/**
 * The use of an image's tiles: of 4x4 with a border of one for a convolution's input, of 2x2 for its output.
 * The backward direction reads tiles of its own, so that those of the forward direction need not be held until then.
 */
type TileUse = "forward" | "backward" | "outputs";
type TileReader = (x: Tensor, use: TileUse) => Tensor;

/** Makes a reader of x [N, C, H, W] as tiles [16 or 4, T, C]. */
function tileReader(): TileReader {
  const indices = new Map<string, Tensor>();
  return (x, use) => {
    const size = sizeOf(x);
    const channels = x.shape[1] as number;
    const pixels = size.batch * size.height * size.width;
    const key = `${use} ${Object.values(size)}`;
    if (!indices.has(key)) indices.set(key, tileIndices(size, use === "outputs" ? 2 : 4));
    const rows = reshape(transpose(x, [0, 2, 3, 1]), [pixels, channels]);
    return gather(pad(rows, [0, 0], [1, 0]), indices.get(key)!); // the last row is the zeros outside the image
  };
}

/**
 * Lists, for each of side * side positions in a tile and each tile, the pixel, or the row of zeros: [side * side, T].
 */
function tileIndices({ batch, height, width }: Size, side: 2 | 4): Tensor {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const border = side === 4 ? 1 : 0;
  const tiles = batch * rows * columns;
  const data = new Int32Array(side * side * tiles);
  for (let i = 0; i < data.length; i++) {
    const [position, tile] = [Math.floor(i / tiles), i % tiles];
    const y = 2 * (Math.floor(tile / columns) % rows) + Math.floor(position / side) - border;
    const x = 2 * (tile % columns) + (position % side) - border;
    const image = Math.floor(tile / (rows * columns));
    const isInside = y >= 0 && x >= 0 && y < height && x < width;
    data[i] = isInside ? (image * height + y) * width + x : batch * height * width;
  }
  return constant({ dtype: "int32", shape: [side * side, tiles], data });
}

/** Puts tiles of outputs [4, T, C] together to an image [N, C, H, W], and adds a bias [C]. */
function assembleImage(tiles: Tensor, { batch, height, width }: Size, bias: Tensor | undefined): Tensor {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const channels = tiles.shape[2] as number;
  const placed = transpose(reshape(tiles, [2, 2, batch, rows, columns, channels]), [2, 3, 0, 4, 1, 5]);
  const whole = reshape(placed, [batch, 2 * rows, 2 * columns, channels]);
  const image = slice(slice(whole, 1, 0, height), 2, 0, width);
  return transpose(bias === undefined ? image : add(image, bias), [0, 3, 1, 2]);
}

/** Applies a matrix to the rows and to the columns of tiles [s * s, T, C]. */
function transform(matrix: Matrix, tiles: Tensor): Tensor {
  const [positions, count, channels] = tiles.shape as readonly [number, number, number];
  const y = matmul(kronecker(matrix), reshape(tiles, [positions, count * channels]));
  return reshape(y, [matrix.length ** 2, count, channels]);
}

/** Transforms a weight: [O, C, 3, 3] -> [16, O, C]. */
function transformWeight(weight: Tensor): Tensor {
  const [outChannels, inChannels] = weight.shape as readonly [number, number];
  const taps = matrixTranspose(reshape(weight, [outChannels * inChannels, 9]));
  return reshape(matmul(kronecker(weightTransform), taps), [16, outChannels, inChannels]);
}

/** Computes the Kronecker product of a matrix with itself, for rows and columns of a tile in one. */
function kronecker(matrix: Matrix): Tensor {
  const rows = matrix.flatMap((a) => matrix.map((b) => a.flatMap((x) => b.map((y) => x * y))));
  return constant({
    dtype: "float32",
    shape: [rows.length, rows[0]!.length],
    data: Float32Array.from(rows.flat()),
  });
}

function transposeMatrix(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}

function sizeOf(x: Tensor): Size {
  const [batch, , height, width] = x.shape as readonly [number, number, number, number];
  return { batch, height, width };
}
