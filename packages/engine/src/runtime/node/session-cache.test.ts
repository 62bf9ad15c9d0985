import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compile } from "../../compile.ts";
import { linear } from "../../nn/layers.ts";
import { silu } from "../../ops/elementwise.ts";
import { initializeWeights } from "../../random/initialize.ts";
import { numbers, random, sharedRuntime } from "../../testing/evaluate.ts";
import { f32, type Model, trace } from "../../trace.ts";
import type { Runtime } from "../runtime.ts";
import { openRuntime } from "./node.ts";
import { cacheSessions } from "./session-cache.ts";

const types = { x: f32("batch", 64) };
const model: Model<typeof types> = (w, { x }) => ({
  y: linear(w.at("second"), silu(linear(w.at("first"), x, 64)), 64),
});
const { parameters } = trace(model, types);
const x = random([3, 64], 7);

let folder: string;
const cached = () => readdirSync(folder).filter((name) => /^[0-9a-f]{40}-[0-9a-f]{8}$/.test(name));
const filesOf = (name: string) => ["model.onnx", "weights.bin"].map((file) => join(folder, name, file));

/** What a process does that computes once, and how its model was loaded. */
async function computeOnce({ seed = 1, maxBytes = 2 ** 24 } = {}) {
  const loads: string[] = [];
  const shared = await sharedRuntime;
  const watched: Runtime = {
    ...shared,
    load: (bytes, options) => {
      loads.push(options?.checksum !== undefined ? "cached" : "compiled");
      return shared.load(bytes, options);
    },
    close: async () => {},
  };
  const runtime = cacheSessions(watched, { folder, threads: 1, maxBytes });
  const program = await compile(runtime, model, types, { weights: initializeWeights(parameters, seed) });
  const y = numbers((await program.run({ x })).y!);
  await program.close();
  await runtime.close();
  return { loads, y };
}

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "proteoscope-cache-")), "sessions");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

describe("cached sessions", () => {
  test("are compiled once and give the same numbers ever after", async () => {
    const first = await computeOnce();
    const second = await computeOnce();
    expect([first.loads, second.loads]).toEqual([["compiled"], ["cached"]]);
    expect(second.y).toEqual(first.y);
    expect(readdirSync(folder)).toEqual(cached());
    expect(cached()).toHaveLength(1);
  });

  test("are not taken for those of other weights", async () => {
    const [one, two] = [await computeOnce({ seed: 1 }), await computeOnce({ seed: 2 })];
    expect(two.loads).toEqual(["compiled"]);
    expect(two.y).not.toEqual(one.y);
    expect(cached()).toHaveLength(2);
  });

  test("are not taken for those of the same arrays with other values", async () => {
    const weights = initializeWeights(parameters, 1);
    const runtime = cacheSessions(
      { ...(await sharedRuntime), close: async () => {} },
      { folder, threads: 1 },
    );
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
    expect(cached()).toHaveLength(2);
  });

  const damages: readonly [string, (path: string) => void][] = [
    ["cut short", (path) => truncateSync(path, 1000)],
    ["empty", (path) => truncateSync(path, 0)],
    ["gone", (path) => rmSync(path)],
    [
      "changed in one bit",
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ];
  test.each(damages.flatMap(([how, damage]) => [0, 1].map((index) => ({ how, damage, index }))))(
    "are compiled again and replaced where file $index is $how",
    async ({ damage, index }) => {
      const { y } = await computeOnce();
      const path = filesOf(cached()[0]!)[index]!;
      const { size } = statSync(path);
      damage(path);
      expect(await computeOnce()).toEqual({ loads: ["cached", "compiled"], y });
      expect(cached()).toHaveLength(1);
      expect(statSync(filesOf(cached()[0]!)[index]!).size).toBe(size);
      expect((await computeOnce()).loads).toEqual(["cached"]);
    },
  );

  test("are compiled again where the runtime does not take files that are whole", async () => {
    const { y } = await computeOnce();
    const [name] = cached();
    renameSync(join(folder, name!), join(folder, name!.replace(/-.*/, "-00000000")));
    for (const file of filesOf(cached()[0]!)) truncateSync(file); // the checksum of nothing is 0
    expect(await computeOnce()).toEqual({ loads: ["cached", "compiled"], y });
    expect(cached()).toHaveLength(1);
  });

  test("stay where the runtime is closed while it loads them", async () => {
    await computeOnce();
    const [name] = cached();
    const runtime = cacheSessions(
      {
        ...(await sharedRuntime),
        load: () => Promise.reject(new Error("the runtime is closed")),
        close: async () => {},
      },
      { folder, threads: 1 },
    );
    const program = compile(runtime, model, types, { weights: initializeWeights(parameters, 1) });
    await Promise.all([runtime.close(), expect(program).rejects.toThrow("closed")]);
    expect(cached()).toEqual([name]);
    expect((await computeOnce()).loads).toEqual(["cached"]);
  });

  test("go when there are too many bytes of them, the longest unused first", async () => {
    await computeOnce({ seed: 1 });
    const [first] = cached();
    await computeOnce({ seed: 2 });
    const second = cached().find((name) => name !== first)!;
    const size = filesOf(first!).reduce((sum, path) => sum + statSync(path).size, 0);
    const ago = (seconds: number) => new Date(Date.now() - 1000 * seconds);
    utimesSync(join(folder, first!), ago(200), ago(200));
    utimesSync(join(folder, second), ago(100), ago(100));
    await computeOnce({ seed: 1 }); // and so the second is unused for longer
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "other", "large"), Buffer.alloc(4 * size));
    await computeOnce({ seed: 3, maxBytes: 6.5 * size });
    expect(existsSync(join(folder, first!))).toBe(true);
    expect(existsSync(join(folder, second))).toBe(false);
  });

  test("leave no unfinished folder of a process that was killed, and keep those of one that runs", async () => {
    const ended = spawnSync(process.execPath, ["--eval", ""]).pid;
    const host = hostname().replaceAll(/[^\w-]/g, "_");
    const [left, running] = [ended, process.ppid].map((id) => `partial.${host}.${id}.aB3dE6`);
    for (const name of [left, running]) mkdirSync(join(folder, name!), { recursive: true });
    writeFileSync(join(folder, left!, "model.onnx"), "half of a model");
    await computeOnce();
    expect(readdirSync(folder).sort()).toEqual([...cached(), running].sort());
  });

  test("are none of models that would take most of the folder", async () => {
    await computeOnce({ maxBytes: 60_000 });
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
    expect((await computeOnce()).loads).toEqual(["cached"]);
    expect(readdirSync(folder)).toEqual(cached());
  });
});

test("openRuntime caches sessions in the folder that it is given, for both of a pair", async () => {
  for (const expected of [2, 2]) {
    const runtime = await openRuntime({ device: "cpu", threads: 3, cacheDir: folder });
    const weights = initializeWeights(parameters, 1);
    for (const half of await runtime.pair!()) {
      const program = await compile(half, model, types, { weights });
      await program.run({ x });
      await program.close();
    }
    await runtime.close();
    expect(cached()).toHaveLength(expected); // of 2 threads and of 1
  }
}, 60_000);
