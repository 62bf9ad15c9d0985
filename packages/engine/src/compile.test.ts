import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { checkWeights, compile, exportOnnx, WeightsError } from "./compile.ts";
import { linear } from "./nn/layers.ts";
import { add } from "./ops/elementwise.ts";
import { initializeWeights } from "./random/initialize.ts";
import { array, numbers, random, sharedRuntime } from "./testing/evaluate.ts";
import { f32, type Model, trace } from "./trace.ts";

const types = { x: f32("batch", 3) };
const model: Model<typeof types> = (w, { x }) => ({ y: linear(w.at("head"), x, 2) });
const weights = new Map([
  ["head.weight", array([2, 3], [1, 0, 0, 0, 1, 1])],
  ["head.bias", array([2], [10, 20])],
]);

describe("compile", () => {
  test("runs a model with its weights, for any size of an open dimension", async () => {
    const program = await compile(await sharedRuntime, model, types, { weights });
    const one = await program.run({ x: array([1, 3], [1, 2, 3]) });
    expect(one.y).toMatchObject({ dtype: "float32", shape: [1, 2] });
    expect(numbers(one.y!)).toEqual([11, 25]);
    const two = await program.run({ x: array([2, 3], [1, 2, 3, 4, 5, 6]) });
    expect(numbers(two.y!)).toEqual([11, 25, 14, 31]);
    await program.close();
  });

  test("lists every weight that is missing or has another shape", async () => {
    const wrong = new Map([["head.weight", array([3, 2], [1, 2, 3, 4, 5, 6])]]);
    await expect(compile(await sharedRuntime, model, types, { weights: wrong })).rejects.toThrow(
      new WeightsError(
        "the weights do not fit the model (2 of 2): head.weight is [3, 2], the model wants [2, 3]; head.bias is missing",
      ),
    );
  });

  test("shortens a long list", () => {
    const deep = trace((w, { x }) => {
      let y = x!;
      for (let i = 0; i < 6; i++) y = linear(w.at(i), y, 3);
      return { y };
    }, types);
    expect(() => checkWeights(deep, new Map())).toThrow(/\(12 of 12\): 0\.weight is missing; .*; \.\.\.$/);
  });

  test("gives an input back where the model returns one, and one value under two names", async () => {
    const echo: Model<typeof types> = (_w, { x }) => ({ same: x, twice: add(x, x), again: x });
    const program = await compile(await sharedRuntime, echo, types, { weights });
    const outputs = await program.run({ x: array([1, 3], [1, 2, 3]) });
    expect(numbers(outputs.same!)).toEqual([1, 2, 3]);
    expect(numbers(outputs.again!)).toEqual([1, 2, 3]);
    expect(numbers(outputs.twice!)).toEqual([2, 4, 6]);
    await program.close();
  });

  test("keeps nothing of the weights: they are the caller's to let go", async () => {
    const runtime = await sharedRuntime;
    const compileAndForget = async (embeddedLimit: number) => {
      const own = new Map([...weights].map(([name, value]) => [name, array(value.shape, numbers(value))]));
      const program = await compile(runtime, model, types, { weights: own, embeddedLimit });
      return { program, refs: [...own.values()].map(({ data }) => new WeakRef(data)) };
    };
    for (const embeddedLimit of [2 ** 20, 0]) {
      const { program, refs } = await compileAndForget(embeddedLimit);
      await collectGarbage();
      expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined]);
      await program.run({ x: random([1, 3], 1) });
      await program.close();
    }
  });

  test("names an input that is missing or has another shape", async () => {
    const program = await compile(await sharedRuntime, model, types, { weights });
    await expect(program.run({ x: random([1, 4], 1) })).rejects.toThrow(
      /invalid dimensions for input: x.*index: 1 Got: 4 Expected: 3/s,
    );
    await expect(program.run({ z: random([1, 3], 1) } as never)).rejects.toThrow("input 'x' is missing");
    await program.close();
  });
});

/** A WeakRef holds its target until the task in which it was made or read has ended. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
}

test("equal models export to equal bytes", () => {
  const bytes = () => exportOnnx(trace(model, types), weights);
  expect(bytes()).toEqual(bytes());
});

test("a parameter declared twice is one; with another shape it is an error", () => {
  const twice = trace((w, { x }) => ({ y: add(linear(w.at("a"), x!, 3), linear(w.at("a"), x!, 3)) }), types);
  expect([...twice.parameters.keys()]).toEqual(["a.weight", "a.bias"]);
  expect(initializeWeights(twice.parameters, 1).size).toBe(2);
  expect(() => trace((w, { x }) => ({ y: linear(w.at("a"), linear(w.at("a"), x!, 3), 2) }), types)).toThrow(
    "parameter a.weight: declared as [3, 3] and as [2, 3]",
  );
});

test("random inputs of one name are kept apart, and buffers are marked", () => {
  const traced = trace((w, { x }, random) => {
    const mean = w.buffer("running_mean", [3], { kind: "constant", value: 0 });
    w.update("running_mean", add(mean, 1));
    return { y: add(add(x!, random.uniform("noise", [3])), random.normal("noise", [3])) };
  }, types);
  expect([...traced.random].map(([name, { distribution }]) => [name, distribution])).toEqual([
    ["noise", "uniform"],
    ["noise.1", "normal"],
  ]);
  expect(traced.parameters.get("running_mean")!.isBuffer).toBe(true);
  expect([...traced.updates.keys()]).toEqual(["running_mean"]);
});
