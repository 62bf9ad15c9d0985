import * as ort from "onnxruntime-web/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { add } from "./ops/elementwise.ts";
import { matrixTranspose } from "./ops/layout.ts";
import { matmul } from "./ops/matmul.ts";
import { openRuntime } from "./runtime/node/node.ts";
import { createOrtRuntime } from "./runtime/ort.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { compileStateful, openStates } from "./stateful.ts";
import { array, numbers } from "./testing/evaluate.ts";
import { f32 } from "./trace.ts";
import { zeros } from "./weights.ts";

const open: Record<"cpu" | "wasm", () => Promise<Runtime>> = {
  cpu: () => openRuntime({ device: "cpu", threads: 1 }),
  wasm: async () => {
    ort.env.wasm.numThreads = 1;
    return createOrtRuntime(ort, { device: "wasm", session: { executionProviders: ["wasm"] } });
  },
};

describe.each(["cpu", "wasm"] as const)("a program with states on %s", (device) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await open[device]();
  });
  afterAll(() => runtime.close());

  const weights = new Map([["bias", array([1], [100])]]);
  const openSums = async () => {
    const states = await openStates(runtime, {
      columns: { shape: [2, 5], axis: 1 },
      rows: { shape: [5, 2], axis: 0 },
    });
    const program = await compileStateful(
      runtime,
      (w, { x, columns, rows }) => ({
        columns: x!,
        rows: matrixTranspose(x!),
        product: add(matmul(columns!, rows!), w.parameter("bias", [1], zeros)),
      }),
      { x: f32(2, "n") },
      { weights, states },
    );
    return { states, program };
  };

  it("writes blocks at a position, keeps the rest, and reads what runs before have written", async () => {
    const { states, program } = await openSums();
    const first = await program.run({ x: array([2, 2], [1, 2, 3, 4]) }, 0);
    expect(Object.keys(first)).toEqual(["product"]);
    expect(numbers(first.product!)).toEqual([100, 100, 100, 100]);
    await program.run({ x: array([2, 1], [5, 6]) }, 4);
    expect(numbers(await states.read("columns"))).toEqual([1, 2, 0, 0, 5, 3, 4, 0, 0, 6]);
    expect(numbers(await states.read("rows"))).toEqual([1, 3, 2, 4, 0, 0, 0, 0, 5, 6]);
    const third = await program.run({ x: array([2, 1], [7, 8]) }, 2);
    expect(numbers(third.product!)).toEqual([130, 141, 141, 161]); // before the third block is written
    await program.close();
    await states.close();
  });

  it("keeps states apart, and refuses a block beyond its state", async () => {
    const [one, other] = [await openSums(), await openSums()];
    await one.program.run({ x: array([2, 1], [1, 1]) }, 0);
    expect(numbers(await other.states.read("columns"))).toEqual(Array(10).fill(0));
    await expect(one.program.run({ x: array([2, 2], [1, 1, 1, 1]) }, 4)).rejects.toThrow(
      /a block \[2,2\] does not fit at 4 along axis 1 of a state \[2,5\]/,
    );
    for (const { program, states } of [one, other]) {
      await program.close();
      await states.close();
    }
    await expect(one.states.read("columns")).rejects.toThrow(/no state/);
  });
});
