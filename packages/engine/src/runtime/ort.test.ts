/**
 * What onnxruntime-web alone does, in Node: its WebAssembly build runs there too.
 */
import * as ort from "onnxruntime-web/wasm";
import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { linear } from "../nn/layers.ts";
import { initializeWeights } from "../random/initialize.ts";
import { numbers, random } from "../testing/evaluate.ts";
import { expectedSums, sumsAfterTwoRuns } from "../testing/state-parts.ts";
import { f32, type Model, trace } from "../trace.ts";
import { type Call, type Reply, serveRuntime } from "./host.ts";
import { createOrtRuntime } from "./ort.ts";
import { connectRuntime } from "./remote.ts";

const types = { x: f32("batch", 64) };
const model: Model<typeof types> = (w, { x }) => ({ y: linear(w.at("head"), x, 64) });
const weightsOf = (seed: number) => initializeWeights(trace(model, types).parameters, seed);

test("onnxruntime-web, which writes into no buffer of ours, keeps parts of flat states too", async () => {
  ort.env.wasm.numThreads = 1;
  const runtime = createOrtRuntime(ort, { device: "wasm", session: { executionProviders: ["wasm"] } });
  expect(await sumsAfterTwoRuns(runtime)).toEqual(expectedSums);
  await runtime.close();
});

test("onnxruntime-web reads external data, in its own thread and over a message port", async () => {
  ort.env.wasm.numThreads = 1;
  const local = createOrtRuntime(ort, { device: "wasm", session: { executionProviders: ["wasm"] } });
  let listener: (reply: Reply) => void = () => {};
  const answer = serveRuntime(local, (reply, transfer) => listener(structuredClone(reply, { transfer })));
  const remote = connectRuntime("wasm", {
    post: (call: Call, transfer) => answer(structuredClone(call, { transfer })),
    onReply: (onReply) => void (listener = onReply),
    onEnd: () => {},
    close: async () => {},
  });
  const x = random([3, 64], 7);
  const outputs = [];
  for (const [runtime, embeddedLimit, seed] of [
    [local, 2 ** 20, 1],
    [local, 0, 1],
    [remote, 0, 1],
    [remote, 0, 2],
  ] as const) {
    const program = await compile(runtime, model, types, { weights: weightsOf(seed), embeddedLimit });
    outputs.push(numbers((await program.run({ x })).y!));
    await program.close();
  }
  const [embedded, external, overPort, other] = outputs;
  expect(external).toEqual(embedded);
  expect(overPort).toEqual(embedded);
  expect(other).not.toEqual(embedded);
  await remote.close();
});
