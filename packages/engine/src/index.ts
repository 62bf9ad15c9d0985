/**
 * The engine, which compiles TypeScript functions over symbolic tensors, and their gradients, to ONNX models and runs them
 * by ONNX Runtime.
 *
 *     const program = await compile(runtime, (w, { x }) => ({ y: linear(w, x, 4) }), { x: f32("batch", 3) }, { weights });
 *     const { y } = await program.run({ x: { dtype: "float32", shape: [1, 3], data: Float32Array.of(1, 2, 3) } });
 *
 * @module
 */
export {
  type CompileOptions,
  checkWeights,
  compile,
  exportOnnx,
  exportOnnxModel,
  type Program,
  WeightsError,
} from "./compile.ts";
export type { Collective } from "./distributed/collective.ts";
export { singleProcess } from "./distributed/single-process.ts";
export { grad, pullback, valueAndGrad } from "./gradient.ts";
export {
  type BatchNormOptions,
  batchNorm,
  type ConvolutionOptions,
  convolution,
  dropout,
  embedding,
  groupNorm,
  layerNorm,
  linear,
} from "./nn/layers.ts";
export { type EmitOptions, emitOnnx, emitOnnxModel, type GraphInterface } from "./onnx/emit.ts";
export type { ExternalData, ExternalDataOptions, OnnxModel } from "./onnx/external-data.ts";
export { type AttentionOptions, attention, rotaryEmbedding } from "./ops/attention.ts";
export { broadcastTo, type ReduceOptions, shapeOf, sum, sumTo } from "./ops/broadcast.ts";
export { type Conv2dOptions, conv2d } from "./ops/convolution.ts";
export { full, fullLike, zerosLike } from "./ops/create.ts";
export {
  abs,
  add,
  and,
  cast,
  clip,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterOrEqual,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  not,
  type Operand,
  or,
  pow,
  relu,
  select,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  stopGradient,
  straightThrough,
  sub,
  tanh,
  vector,
} from "./ops/elementwise.ts";
export { gather, oneHot, positions, scatterAddRows } from "./ops/gather.ts";
export { concat, expandDims, matrixTranspose, pad, reshape, slice, split, transpose } from "./ops/layout.ts";
export { binaryCrossEntropy, crossEntropy, meanAbsoluteError, meanSquaredError } from "./ops/loss.ts";
export { einsum, matmul } from "./ops/matmul.ts";
export { type Affine, batchNormEval, batchNormTrain } from "./ops/normalize.ts";
export { averagePool, maxPool, type PoolOptions } from "./ops/pool.ts";
export { argMax, argMin, logSoftmax, max, mean, softmax } from "./ops/reduce.ts";
export { rematerialize } from "./ops/rematerialize.ts";
export { resizeBicubic, resizeBilinear, resizeNearest, type Size } from "./ops/resize.ts";
export { type AdamWOptions, adamW, scheduleValues } from "./optim/adamw.ts";
export {
  type MovingAverageOptions,
  movingAverageDecay,
  type WarmupCosineOptions,
  warmupCosine,
} from "./optim/schedule.ts";
export { joinRows } from "./optim/shared-rows.ts";
export { createTrainer, type Trainer, type TrainerOptions } from "./optim/trainer.ts";
export type { RowsModel, TrainingGroup, TrainingModel } from "./optim/training-graph.ts";
export { trainingLowerings } from "./passes/device-lowerings.ts";
export { createGenerator, type RandomGenerator } from "./random/generator.ts";
export { initializeWeights } from "./random/initialize.ts";
export type { Device, LoadOptions, NdArrays, RunOptions, Runtime, Session } from "./runtime/runtime.ts";
export { type Dim, fixed, formatShape, product, type Shape, ShapeError } from "./shape.ts";
export {
  compileStateful,
  openStates,
  type StatefulProgram,
  type States,
  type StateType,
} from "./stateful.ts";
export {
  constant,
  type DType,
  float32,
  input,
  int64Vector,
  type NdArray,
  scalar,
  type Tensor,
  type TensorType,
} from "./tensor.ts";
export {
  bool,
  f32,
  type InputTypes,
  i32,
  i64,
  type Model,
  type RandomSource,
  type Tensors,
  type Trace,
  trace,
} from "./trace.ts";
export {
  createWeights,
  type Declarations,
  fanInUniform,
  type Initializer,
  ones,
  type ParameterDeclaration,
  type Weights,
  zeros,
} from "./weights.ts";
