import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compile } from "../../compile.ts";
import { linear } from "../../nn/layers.ts";
import { silu } from "../../ops/elementwise.ts";
import { initializeWeights } from "../../random/initialize.ts";
import { numbers, random, sharedRuntime } from "../../testing/evaluate.ts";
import { f32, type Model, trace } from "../../trace.ts";
import type { Runtime } from "../runtime.ts";
import { keepSessions } from "./kept-sessions.ts";
import { openRuntime } from "./node.ts";

const types = { x: f32("batch", 64) };
const model: Model<typeof types> = (w, { x }) => ({
  y: linear(w.at("second"), silu(linear(w.at("first"), x, 64)), 64),
});
const { parameters } = trace(model, types);
const x = random([3, 64], 7);

let folder: string;
const kept = () => readdirSync(folder).filter((name) => name.endsWith(".onnx"));

/** What a process does that computes once, and how its model was loaded. */
async function computeOnce({ seed = 1, mostBytes = 2 ** 24 } = {}) {
  const loads: string[] = [];
  const shared = await sharedRuntime;
  const watched: Runtime = {
    ...shared,
    load: (bytes, options) => {
      loads.push(options?.checksum !== undefined ? "kept" : "compiled");
      return shared.load(bytes, options);
    },
    close: async () => {},
  };
  const runtime = keepSessions(watched, { folder, threads: 1, mostBytes });
  const program = await compile(runtime, model, types, { weights: initializeWeights(parameters, seed) });
  const y = numbers((await program.run({ x })).y!);
  await program.close();
  await runtime.close();
  return { loads, y };
}

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "proteoscope-kept-")), "sessions");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

describe("sessions that are kept", () => {
  test("are compiled once and give the same numbers ever after", async () => {
    const first = await computeOnce();
    const second = await computeOnce();
    expect([first.loads, second.loads]).toEqual([["compiled"], ["kept"]]);
    expect(second.y).toEqual(first.y);
    expect(readdirSync(folder)).toEqual(kept());
    expect(kept()).toHaveLength(1);
  });

  test("are not taken for those of other weights", async () => {
    const [one, two] = [await computeOnce({ seed: 1 }), await computeOnce({ seed: 2 })];
    expect(two.loads).toEqual(["compiled"]);
    expect(two.y).not.toEqual(one.y);
    expect(kept()).toHaveLength(2);
  });

  test("are not taken for those of the same arrays with other values", async () => {
    const weights = initializeWeights(parameters, 1);
    const runtime = keepSessions({ ...(await sharedRuntime), close: async () => {} }, { folder, threads: 1 });
    const compute = async () => {
      const program = await compile(runtime, model, types, { weights });
      const { y } = await program.run({ x });
      await program.close();
      return numbers(y!);
    };
    const before = await compute();
    for (const { data } of weights.values()) (data as Float32Array).fill(1);
    expect(await compute()).not.toEqual(before);
    await runtime.close();
    expect(kept()).toHaveLength(2);
  });

  test.each<[string, (path: string) => void]>([
    ["cut short", (path) => truncateSync(path, 1000)],
    ["empty", (path) => truncateSync(path, 0)],
    [
      "changed in one bit",
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ])("are compiled again and replaced where the file is %s", async (_how, damage) => {
    const { y } = await computeOnce();
    const [name] = kept();
    const size = statSync(join(folder, name!)).size;
    damage(join(folder, name!));
    expect(await computeOnce()).toEqual({ loads: ["kept", "compiled"], y });
    expect(statSync(join(folder, kept()[0]!)).size).toBe(size);
    expect((await computeOnce()).loads).toEqual(["kept"]);
  });

  test("are compiled again where the runtime does not take a file that is whole", async () => {
    const { y } = await computeOnce();
    const name = kept()[0]!;
    rmSync(join(folder, name));
    writeFileSync(join(folder, name.replace(/-.*/, "-00000000.onnx")), ""); // the checksum of nothing is 0
    expect(await computeOnce()).toEqual({ loads: ["kept", "compiled"], y });
    expect(kept()).toEqual([name]);
  });

  test("go when there are too many bytes of them, the longest unused first", async () => {
    await computeOnce({ seed: 1 });
    const [first] = kept();
    await computeOnce({ seed: 2 });
    const second = kept().find((name) => name !== first)!;
    const size = statSync(join(folder, first!)).size;
    const ago = (seconds: number) => new Date(Date.now() - 1000 * seconds);
    utimesSync(join(folder, first!), ago(200), ago(200));
    utimesSync(join(folder, second), ago(100), ago(100));
    await computeOnce({ seed: 1 }); // and so the second is unused for longer
    writeFileSync(join(folder, "old.partial"), "");
    utimesSync(join(folder, "old.partial"), ago(7200), ago(7200));
    writeFileSync(join(folder, "new.partial"), "");
    const large = Buffer.alloc(4 * size);
    writeFileSync(join(folder, "other.onnx"), large);
    await computeOnce({ seed: 3, mostBytes: 6.5 * size });
    expect(existsSync(join(folder, first!))).toBe(true);
    expect(existsSync(join(folder, second))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual(["new.partial"]);
  });

  test("are none of models that would take most of the folder", async () => {
    await computeOnce({ mostBytes: 60_000 });
    expect(existsSync(folder)).toBe(false);
  });

  test("are none where the folder cannot be made, and nothing else is lost", async () => {
    const { y } = await computeOnce();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "a file in its place");
    expect(await computeOnce()).toEqual({ loads: ["compiled"], y });
  });

  test("are shared by runtimes that compile the same at the same time", async () => {
    const answers = await Promise.all([computeOnce(), computeOnce(), computeOnce()]);
    expect(new Set(answers.map(({ y }) => `${y}`)).size).toBe(1);
    expect((await computeOnce()).loads).toEqual(["kept"]);
    expect(readdirSync(folder)).toEqual(kept());
  });
});

test("openRuntime keeps sessions where it is told to, for both of a pair", async () => {
  for (const expected of [2, 2]) {
    const runtime = await openRuntime({ device: "cpu", threads: 3, keptIn: folder });
    const weights = initializeWeights(parameters, 1);
    for (const half of await runtime.pair!()) {
      const program = await compile(half, model, types, { weights });
      await program.run({ x });
      await program.close();
    }
    await runtime.close();
    expect(kept()).toHaveLength(expected); // of 2 threads and of 1
  }
}, 60_000);
