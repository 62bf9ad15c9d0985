/**
 * Layer, group and batch normalisation (Ba et al. 2016; Wu & He 2018; Ioffe & Szegedy 2015), each with its rule.
 *
 * Group normalisation is layer normalisation of the channels of a group; the affine part follows per channel.
 */
import { fixed, formatShape, ShapeError } from "../shape.ts";
import { applyMany, constant, type Operator, type Tensor, typedArray } from "../tensor.ts";
import { sum } from "./broadcast.ts";
import { add, div, mul, sqrt, sub } from "./elementwise.ts";
import { reshape } from "./layout.ts";
import { mean } from "./reduce.ts";

const layerNormOperator: Operator = {
  name: "LayerNormalization",
  gradient: (node, [g], isNeeded) => {
    const [x, scale] = node.inputs as readonly [Tensor, Tensor];
    const [, average, inverseDeviation] = node.outputs as readonly [Tensor, Tensor, Tensor];
    const normal = mul(sub(x, average), inverseDeviation);
    const lead = x.shape.slice(0, -1).map((_, axis) => axis);
    const last = { axes: [-1], keepDims: true };
    const scaled = isOnes(scale) ? g! : mul(g!, scale);
    const inner = () => sub(sub(scaled, mean(scaled, last)), mul(normal, mean(mul(scaled, normal), last)));
    return [
      isNeeded(0) ? mul(inner(), inverseDeviation) : undefined,
      isNeeded(1) ? sum(mul(g!, normal), { axes: lead }) : undefined,
      isNeeded(2) ? sum(g!, { axes: lead }) : undefined,
    ];
  },
};

const onesOf = new WeakSet<object>();

/** Makes constant ones, which are the scale of a normalisation without affine part. */
function ones(size: number, dtype: Tensor["dtype"]): Tensor {
  const tensor = constant({ dtype, shape: [size], data: typedArray(dtype, Array<number>(size).fill(1)) });
  onesOf.add(tensor);
  return tensor;
}

const isOnes = (tensor: Tensor) => onesOf.has(tensor);

/** Normalises the last axis to zero mean and unit variance, then applies scale and bias [C] where given. */
export function layerNorm(x: Tensor, scale?: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  const size = fixed(x.shape.at(-1), "LayerNormalization", "the last axis");
  for (const [name, tensor] of Object.entries({ scale, bias })) {
    if (tensor !== undefined && (tensor.shape.length !== 1 || tensor.shape[0] !== size))
      throw new ShapeError(
        `LayerNormalization: ${name} ${formatShape(tensor.shape)} does not fit the last axis of ${formatShape(x.shape)}`,
      );
  }
  const inputs = [x, scale ?? ones(size, x.dtype), ...(bias === undefined ? [] : [bias])];
  const statistics = { dtype: "float32", shape: [...x.shape.slice(0, -1), 1] } as const;
  return applyMany(layerNormOperator, inputs, { axis: -1, epsilon: { float: epsilon } }, [
    x,
    statistics,
    statistics,
  ])[0]!;
}

/** Normalises x [B, C, ...] over each group of channels and all positions, then applies scale and bias [C]. */
export function groupNorm(x: Tensor, scale: Tensor, bias: Tensor, groups: number, epsilon: number): Tensor {
  const channels = fixed(x.shape[1], "GroupNorm", "the channel axis");
  if (channels % groups !== 0)
    throw new ShapeError(`GroupNorm: ${channels} channels do not split into ${groups} groups`);
  const inner = x.shape
    .slice(2)
    .reduce<number>((count, dim) => count * fixed(dim, "GroupNorm", "a position axis"), channels / groups);
  const normal = reshape(
    layerNorm(reshape(x, [x.shape[0]!, groups, inner]), undefined, undefined, epsilon),
    x.shape,
  );
  return affine(normal, { scale, bias }, "GroupNorm");
}

/** Returns x [B, C, ...] * scale [C] + bias [C]. */
function affine(x: Tensor, { scale, bias }: Affine, operator: string): Tensor {
  return add(mul(x, perChannel(scale, x, `${operator}: scale`)), perChannel(bias, x, `${operator}: bias`));
}

function perChannel(vector: Tensor, x: Tensor, name: string): Tensor {
  if (vector.shape.length !== 1 || vector.shape[0] !== x.shape[1])
    throw new ShapeError(
      `${name} ${formatShape(vector.shape)} does not fit the channels of ${formatShape(x.shape)}`,
    );
  return reshape(vector, [vector.shape[0]!, ...x.shape.slice(2).map(() => 1)]);
}

/** The affine part of a normalisation. */
export interface Affine {
  /** Factor of each channel, [C]. */
  scale: Tensor;
  /** Summand of each channel, [C]. */
  bias: Tensor;
}

/**
 * Normalises x [B, C, ...] by running statistics [C], as in evaluation.
 *
 * @throws ShapeError where a vector is not [C].
 */
export function batchNormEval(
  x: Tensor,
  runningMean: Tensor,
  runningVariance: Tensor,
  affineOf?: Affine,
  epsilon = 1e-5,
): Tensor {
  const deviation = sqrt(add(perChannel(runningVariance, x, "BatchNorm: variance"), epsilon));
  const normal = div(sub(x, perChannel(runningMean, x, "BatchNorm: mean")), deviation);
  return affineOf === undefined ? normal : affine(normal, affineOf, "BatchNorm");
}

/**
 * Normalises x [B, C, ...] by the batch's own statistics, which come back as [C] (variance unbiased, as PyTorch records it).
 *
 * @throws ShapeError for an open axis, and where an affine vector is not [C].
 */
export function batchNormTrain(
  x: Tensor,
  affineOf?: Affine,
  epsilon = 1e-5,
): { y: Tensor; batchMean: Tensor; batchVariance: Tensor } {
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const count = axes.reduce((n, axis) => n * fixed(x.shape[axis], "BatchNorm", "every axis"), 1);
  const batchMean = mean(x, { axes });
  const centred = sub(x, perChannel(batchMean, x, "BatchNorm: mean"));
  const variance = mean(mul(centred, centred), { axes });
  const normal = div(centred, perChannel(sqrt(add(variance, epsilon)), x, "BatchNorm: variance"));
  const y = affineOf === undefined ? normal : affine(normal, affineOf, "BatchNorm");
  return { y, batchMean, batchVariance: mul(variance, count / Math.max(count - 1, 1)) };
}
