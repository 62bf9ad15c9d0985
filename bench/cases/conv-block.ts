// A residual block of the denoiser (group normalisation, SiLU, 3x3 convolution, twice, added to its input), forward and
// backward on a batch of 8, at the three sizes that the paper-size network has. Input, parameters and gradients stay
// with the runtime, as in training, so that what is timed is the block.
import {
  add,
  convolution,
  emitOnnx,
  f32,
  float32,
  groupNorm,
  input,
  type NdArray,
  pullback,
  type Runtime,
  type Session,
  silu,
  type Tensor,
  trace,
  trainingLowerings,
  type Weights,
} from "@proteoscope/engine";
import { elementCount } from "../../packages/engine/src/shape.ts";
import type { BenchCase, Prepared } from "../case.ts";
import { countGflop } from "../operations.ts";
import { randomInput, randomWeights } from "../random-weights.ts";

export const convBlocks: readonly BenchCase[] = (
  [
    [128, 25],
    [256, 13],
    [512, 7],
  ] as const
).map(([channels, side]) => convBlockCase({ channels, side, batchSize: 8, groups: 32 }));

export interface BlockSize {
  readonly channels: number;
  readonly side: number;
  readonly batchSize: number;
  readonly groups: number;
}

export function convBlockCase(size: BlockSize): BenchCase {
  const { channels, side, batchSize } = size;
  return {
    name: `block.${channels}x${side}`,
    title: `a residual block of ${channels} channels on ${side}x${side}, batch ${batchSize}, forward and backward`,
    peer: { script: "block", work: [channels, side, batchSize] },
    prepare: (runtime) => prepareBlock(runtime, size),
  };
}

function block(w: Weights, x: Tensor, { channels, groups }: BlockSize): Tensor {
  const half = (index: number, h: Tensor): Tensor => {
    const normal = silu(groupNorm(w.at(`norm${index}`), h, groups, 1e-5));
    return convolution(w.at(`conv${index}`), normal, channels, { kernel: 3, padding: 1 });
  };
  return add(x, half(2, half(1, x)));
}

async function prepareBlock(runtime: Runtime, size: BlockSize): Promise<Prepared> {
  const { channels, side, batchSize } = size;
  const shape = [batchSize, channels, side, side];
  const declared = trace((w, { x }) => ({ y: block(w, x, size) }), { x: f32(...shape) });
  const values = new Map([
    ["x", randomInput("x", ...shape)],
    ["outputGradient", randomInput("gradient", ...shape)],
    ...randomWeights(declared.parameters),
  ]);
  const inputs = new Map([...values].map(([name, value]) => [name, input(name, f32(...value.shape))]));
  const { outputs } = trace(
    (w) => {
      const y = block(w, inputs.get("x")!, size);
      const targets = new Map([...inputs].filter(([name]) => name !== "outputGradient"));
      const gradients = pullback([y], [inputs.get("outputGradient")!], [...targets.values()]);
      const named = [...targets.keys()].map((name, i) => [`gradient.${name}`, gradients[i]!] as const);
      return { y, ...Object.fromEntries(named) }; // y too: its last convolution has no part in the gradients
    },
    {},
    (name) => inputs.get(name),
  );
  const session = await loadStates(runtime, { inputs, values, outputs });
  const gflop = countGflop(Object.values(outputs), inputs.values());
  return { gflop, run: async () => void (await session.run({})) };
}

interface StateGraph {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly values: ReadonlyMap<string, NdArray>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** A session that reads all inputs from the runtime's state and leaves all outputs there. */
async function loadStates(runtime: Runtime, { inputs, values, outputs }: StateGraph): Promise<Session> {
  for (const [name, value] of values) await runtime.setState(name, value);
  for (const [name, { shape }] of Object.entries(outputs))
    await runtime.setState(name, float32(shape as number[], new Float32Array(elementCount(shape))));
  const model = emitOnnx(
    { inputs, outputs: new Map(Object.entries(outputs)) },
    { lowerings: trainingLowerings(runtime.device) },
  );
  const writes = Object.fromEntries(Object.keys(outputs).map((name) => [name, name]));
  return runtime.load(model, { reads: [...inputs.keys()], writes });
}
