import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../compile.ts";
import { linear } from "../nn/layers.ts";
import { mul } from "../ops/elementwise.ts";
import { constant, type NdArray } from "../tensor.ts";
import { array, numbers, random } from "../testing/evaluate.ts";
import { f32, type Model } from "../trace.ts";
import { openRuntime } from "./node/node.ts";
import type { Runtime } from "./runtime.ts";

const types = { x: f32("batch", 2) };
const scaled =
  (factor: number): Model<typeof types> =>
  (w, { x }) => ({ y: mul(linear(w.at("head"), x, 1), factor) });
const weights = new Map([
  ["head.weight", array([1, 2], [1, 10])],
  ["head.bias", array([1], [100])],
]);
const x = array([1, 2], [1, 2]);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

/** A runtime to itself that counts the sessions that are open on it. */
function counting(): { runtime: Runtime; openSessions: () => number } {
  let open = 0;
  const load: Runtime["load"] = async (...args) => {
    const session = await runtime.load(...args);
    open++;
    const close = async () => {
      open--;
      await session.close();
    };
    return { ...session, close };
  };
  return { runtime: { ...runtime, load }, openSessions: () => open };
}

describe("programs of one runtime", () => {
  test("share a session where graph and weights are the same, for every shape", async () => {
    const { runtime, openSessions } = counting();
    const [a, b] = await Promise.all([1, 2].map(() => compile(runtime, scaled(2), types, { weights })));
    const c = await compile(runtime, scaled(2), types, { weights: new Map(weights) });
    expect(openSessions()).toBe(1);
    expect(numbers((await a!.run({ x })).y!)).toEqual([242]);
    expect((await b!.run({ x: random([5, 2], 1) })).y!.shape).toEqual([5, 1]);
    await Promise.all([a!.close(), b!.close(), c.close()]);
    expect(openSessions()).toBe(0);
  });

  test("have sessions of their own where graph, input types, constants or arrays differ", async () => {
    const { runtime, openSessions } = counting();
    const sized = { x: f32(1, 2) };
    const table =
      (value: NdArray): Model<typeof types> =>
      (_w, { x }) => ({ y: mul(x, constant(value)) });
    const large = (last: number) => array([700, 1, 2], [...new Array(1399).fill(1), last]);
    const programs = [
      await compile(runtime, scaled(2), types, { weights }),
      await compile(runtime, scaled(3), types, { weights }),
      await compile(runtime, scaled(2) as Model<typeof sized>, sized, { weights }),
      await compile(runtime, table(large(1)), types, { weights }),
      await compile(runtime, table(large(2)), types, { weights }),
    ];
    expect(openSessions()).toBe(5);
    // The map is the same, an array in it is not.
    const changing = new Map(weights);
    programs.push(await compile(runtime, scaled(2), types, { weights: changing }));
    changing.set("head.bias", array([1], [0]));
    programs.push(await compile(runtime, scaled(2), types, { weights: changing }));
    expect(openSessions()).toBe(6);
    expect(numbers((await programs.at(-1)!.run({ x })).y!)).toEqual([42]);
    for (const program of programs) await program.close();
    expect(openSessions()).toBe(0);
  });

  test("stay open when another is closed, once or twice, and are closed for their own user", async () => {
    const { runtime, openSessions } = counting();
    const [first, second] = [1, 2].map(() => compile(runtime, scaled(2), types, { weights }));
    await (await first!).close();
    await (await first!).close();
    await expect((await first!).run({ x })).rejects.toThrow("runtime: the session is closed");
    expect(numbers((await (await second!).run({ x })).y!)).toEqual([242]);
    await (await second!).close();
    expect(openSessions()).toBe(0);
    const third = await compile(runtime, scaled(2), types, { weights });
    expect(numbers((await third.run({ x })).y!)).toEqual([242]);
    await third.close();
  });

  test("are loaded anew after a load that failed", async () => {
    const { runtime } = counting();
    let isBroken = true;
    const load: Runtime["load"] = (...args) =>
      isBroken ? Promise.reject(new Error("no memory")) : runtime.load(...args);
    const weak = { ...runtime, load };
    await expect(compile(weak, scaled(2), types, { weights })).rejects.toThrow("no memory");
    isBroken = false;
    const program = await compile(weak, scaled(2), types, { weights });
    expect(numbers((await program.run({ x })).y!)).toEqual([242]);
    await program.close();
  });

  test("of different runtimes share nothing", async () => {
    const [one, two] = [counting(), counting()];
    const programs = [one, two].map(({ runtime }) => compile(runtime, scaled(2), types, { weights }));
    const loaded = await Promise.all(programs);
    expect([one.openSessions(), two.openSessions()]).toEqual([1, 1]);
    for (const program of loaded) await program.close();
    expect([one.openSessions(), two.openSessions()]).toEqual([0, 0]);
  });
});
