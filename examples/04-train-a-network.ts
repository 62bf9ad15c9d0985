// Writes a small network with the engine, trains it and runs it: two layers learn the sine from points at random.
// The gradients come from the network itself; nothing but its forward pass is written down.
import { openRuntime } from "proteoscope";
import {
  compile,
  createGenerator,
  createTrainer,
  f32,
  float32,
  gelu,
  initializeWeights,
  linear,
  meanSquaredError,
  type Tensor,
  trace,
  type Weights,
  warmupCosine,
} from "proteoscope/engine";

/** x [B, 1] -> [B, 1] */
const network = (w: Weights, x: Tensor) => linear(w.at("out"), gelu(linear(w.at("hidden"), x, 64)), 1);
const predict = (w: Weights, { x }: { x: Tensor }) => ({ y: network(w, x) });
const train = (w: Weights, { x, y }: { x: Tensor; y: Tensor }) => ({
  losses: { fit: meanSquaredError(network(w, x), y) },
});

const [batch, totalSteps] = [64, 500];
const types = { x: f32(batch, 1), y: f32(batch, 1) };
const learningRate = warmupCosine({ learningRate: 0.02, warmupSteps: 20, totalSteps });
const weights = initializeWeights(trace(predict, { x: types.x }).parameters, 0);

const runtime = await openRuntime();
const trainer = await createTrainer(runtime, train, types, {
  groups: { fit: { prefix: "", learningRate } },
  weights,
  seed: 0,
});
const random = createGenerator(0, "points");
for (let step = 0; step < totalSteps; step += 1) {
  const x = random.uniform(batch, step * batch).map((value) => 6 * value - 3);
  const losses = await trainer.step({
    x: float32([batch, 1], x),
    y: float32([batch, 1], x.map(Math.sin)),
  });
  if ((step + 1) % 100 === 0) console.log(`step ${step + 1}, loss ${losses["loss.fit"]?.toFixed(6)}`);
}

const points = Float32Array.of(-2, -0.5, 0, 1);
const program = await compile(runtime, predict, { x: f32("batch", 1) }, { weights: await trainer.weights() });
const { y } = await program.run({ x: float32([points.length, 1], points) });
for (const [i, x] of points.entries()) console.log(`sin(${x}) is about ${Number(y.data[i]).toFixed(3)}`);
await runtime.close();
