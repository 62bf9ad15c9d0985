/**
 * The two halves of the protocol against each other, over a port that copies as a worker's does.
 */
import { describe, expect, test } from "vitest";
import { emitOnnx } from "../onnx/emit.ts";
import { float32, input, type NdArray } from "../tensor.ts";
import { type Call, type Reply, serveRuntime } from "./host.ts";
import { connectRuntime } from "./remote.ts";
import type { Runtime } from "./runtime.ts";

/** A runtime whose sessions give their feeds back, and which records what it is asked. */
function echoRuntime(log: string[], models: Uint8Array[]): Runtime {
  const states = new Map<string, NdArray>();
  return {
    device: "cpu",
    load: async (model, { externalData, ...options } = {}) => {
      for (const part of externalData?.parts ?? [])
        log.push(`external ${externalData!.location} ${await (part as Blob).text()}`);
      log.push(`load ${model.length} ${JSON.stringify(options)}`);
      models.push(model as Uint8Array);
      if (model.length === 0) throw new Error("no model");
      return {
        run: async (feeds, { cached } = {}) => {
          log.push(`run ${Object.keys(feeds)}`);
          if (feeds.sum === undefined) return { ...feeds };
          const all = Object.values({ ...cached, ...feeds }).flatMap(({ data }) => [...data].map(Number));
          return { sum: float32([], Float32Array.of(all.reduce((a, b) => a + b))) };
        },
        close: async () => void log.push("close session"),
      };
    },
    setState: async (name, value) => void states.set(name, value),
    getState: async (name) => states.get(name)!,
    deleteState: async (name) => void states.delete(name),
    close: async () => void log.push("close"),
  };
}

function connected() {
  const log: string[] = [];
  const transferred: number[] = [];
  const posted: Call[] = [];
  const models: Uint8Array[] = [];
  let end: (reason: Error) => void = () => {};
  let listener: (reply: Reply) => void = () => {};
  const answer = serveRuntime(echoRuntime(log, models), (reply, transfer) => {
    transferred.push(transfer.length);
    listener(structuredClone(reply, { transfer }));
  });
  const runtime = connectRuntime("cpu", {
    post: (call: Call, transfer) => {
      posted.push(call);
      answer(structuredClone(call, { transfer }));
    },
    onReply: (onReply) => void (listener = onReply),
    onEnd: (onEnd) => void (end = onEnd),
    close: async () => end(new Error("ended")),
  });
  return { runtime, log, models, transferred, posted, end: (reason: Error) => end(reason) };
}

const x = float32([2], Float32Array.of(1, 2));

describe("a connected runtime", () => {
  test("passes models, feeds and results through", async () => {
    const { runtime, log } = connected();
    const session = await runtime.load(Uint8Array.of(1, 2), { reads: ["a"], writes: { b: "a" } });
    expect(await session.run({ x })).toEqual({ x });
    await session.close();
    expect(log).toEqual(['load 2 {"reads":["a"],"writes":{"b":"a"}}', "run x", "close session"]);
  });

  test("copies a model's bytes, or moves them where they are not used again", async () => {
    const { runtime, log } = connected();
    const model = Uint8Array.of(1, 2, 3);
    await runtime.load(model);
    expect(model).toHaveLength(3);
    await runtime.load(model, { transfer: true });
    expect(model).toHaveLength(0);
    expect(log).toEqual(["load 3 {}", "load 3 {}"]);
  });

  test("sends external data in one blob, and nothing of the memory around its parts", async () => {
    const { runtime, log } = connected();
    const text = new TextEncoder().encode("before after");
    const parts = [text.subarray(0, 3), text.subarray(7)];
    await runtime.load(Uint8Array.of(1), { externalData: { location: "data", parts } });
    expect(log).toEqual(["external data befafter", "load 1 {}"]);
    expect(text).toHaveLength(12);
  });

  test("moves whole buffers to the caller and copies parts of one", async () => {
    const { runtime, transferred } = connected();
    await runtime.setState("part", { ...x, data: new Float32Array(8).subarray(0, 2) });
    await runtime.setState("whole", x);
    expect((await runtime.getState("whole")).data).toEqual(x.data);
    expect((await runtime.getState("part")).data).toHaveLength(2);
    expect(transferred).toEqual([0, 0, 1, 0]);
  });

  test("copies a state's value, or moves it where it is not used again", async () => {
    const { runtime } = connected();
    const value = float32([2], Float32Array.of(3, 4));
    await runtime.setState("copied", value);
    expect(value.data).toHaveLength(2);
    await runtime.setState("moved", value, { transfer: true });
    expect(value.data).toHaveLength(0);
    for (const name of ["copied", "moved"])
      expect((await runtime.getState(name)).data).toEqual(Float32Array.of(3, 4));
  });

  test("keeps sessions apart, and refuses one that was closed", async () => {
    const { runtime, log } = connected();
    const [first, second] = [await runtime.load(Uint8Array.of(1)), await runtime.load(Uint8Array.of(1))];
    await first.close();
    await expect(first.run({ x })).rejects.toThrow("runtime: the session is closed");
    await expect(second.run({ x })).resolves.toEqual({ x });
    expect(log.filter((line) => line === "close session")).toHaveLength(1);
  });

  test("throws what the other side throws, and goes on", async () => {
    const { runtime } = connected();
    await expect(runtime.load(new Uint8Array(0))).rejects.toThrow("no model");
    await expect(runtime.load(Uint8Array.of(1))).resolves.toBeDefined();
  });

  test("sends cached feeds once, and again when the object is another, each session its own", async () => {
    const { runtime, posted } = connected();
    const [session, other] = [await runtime.load(Uint8Array.of(1)), await runtime.load(Uint8Array.of(1))];
    const sum = float32([], Float32Array.of(1));
    const sumOf = async (cached?: Record<string, NdArray>, of = session) =>
      (await of.run({ sum }, cached === undefined ? {} : { cached })).sum!.data[0];
    const [ten, hundred] = [10, 100].map((value) => ({ y: float32([], Float32Array.of(value)) }));
    expect([await sumOf(ten), await sumOf(ten), await sumOf(hundred), await sumOf(hundred)]).toEqual([
      11, 11, 101, 101,
    ]);
    expect([await sumOf(ten, other), await sumOf(hundred), await sumOf(), await sumOf(ten)]).toEqual([
      11, 101, 1, 11,
    ]);
    const sent = posted.flatMap(({ request }) => (request.type === "run" ? ["cached" in request] : []));
    expect(sent).toEqual([true, false, true, false, true, false, true, true]);
  });

  test("gives a model's memory back once it is loaded, where the model was moved", async () => {
    const { runtime, models } = connected();
    const x = input("x", { dtype: "float32", shape: [1] });
    const model = () => emitOnnx({ inputs: new Map([["x", x]]), outputs: new Map([["y", x]]) });
    const copied = model();
    await runtime.load(copied);
    await runtime.load(model(), { transfer: true });
    expect(models.map(({ byteLength }) => byteLength)).toEqual([copied.byteLength, 0]);
  });

  test("sends nothing for a signal that is aborted", async () => {
    const { runtime, log } = connected();
    const session = await runtime.load(Uint8Array.of(1));
    await expect(session.run({ x }, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    expect(log.filter((line) => line.startsWith("run"))).toEqual([]);
  });

  test("rejects what waits, and all that follows, when the other side is gone", async () => {
    const { runtime, end } = connected();
    const waiting = runtime.load(Uint8Array.of(1));
    end(new Error("the worker is gone"));
    await expect(waiting).rejects.toThrow("the worker is gone");
    await expect(runtime.getState("a")).rejects.toThrow("the worker is gone");
    await expect(runtime.close()).resolves.toBeUndefined();
  });

  test("says that it is closed after it was", async () => {
    const { runtime, log } = connected();
    await runtime.close();
    expect(log).toEqual(["close"]);
    await expect(runtime.load(Uint8Array.of(1))).rejects.toThrow("the cpu runtime is closed");
  });

  test("answers what was asked before its close, and sends nothing from then on", async () => {
    const { runtime, log } = connected();
    const session = await runtime.load(Uint8Array.of(1));
    const before = session.run({ x });
    const closings = [runtime.close(), runtime.close()];
    await expect(runtime.load(Uint8Array.of(1))).rejects.toThrow("the cpu runtime is closed");
    await expect(session.run({ x })).rejects.toThrow("the cpu runtime is closed");
    await expect(session.close()).resolves.toBeUndefined();
    expect(await before).toEqual({ x });
    await Promise.all(closings);
    expect(log).toEqual(["load 1 {}", "run x", "close"]);
  });
});
