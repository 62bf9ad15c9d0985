import { describe, expect, test } from "vitest";
import type { LoadOptions, Runtime } from "../runtime.ts";
import { withPair } from "./pair.ts";

/** A runtime that records what it is asked. */
function recorded(name: string, log: string[]): Runtime {
  const notAsked = () => Promise.reject(new Error("not asked for here"));
  return {
    device: "cpu",
    load: async (_model, { threads }: LoadOptions = {}) => {
      log.push(`${name} loads with ${threads} threads`);
      return { run: async () => ({}), close: async () => {} };
    },
    ...{ setState: notAsked, getState: notAsked, deleteState: notAsked },
    close: async () => void log.push(`${name} closes`),
  };
}

function paired(threads: number) {
  const log: string[] = [];
  const runtime = withPair(recorded("first", log), threads, (share) => {
    log.push(`second opens with ${share}`);
    return recorded("second", log);
  });
  return { runtime, log };
}

describe("a runtime with a pair", () => {
  test("shares its threads out between two, the odd one to the first, and keeps all for itself", async () => {
    const { runtime, log } = paired(5);
    await runtime.load("model");
    for (const one of await runtime.pair!()) await one.load("model");
    expect(log).toEqual([
      "first loads with undefined threads",
      "second opens with 2",
      "first loads with 3 threads",
      "second loads with 2 threads",
    ]);
  });

  test("is asked for the same two, which it closes, once each", async () => {
    const { runtime, log } = paired(2);
    const [first, second] = await runtime.pair!();
    expect(await runtime.pair!()).toEqual([first, second]);
    expect((await runtime.pair!())[1]).toBe(second);
    await Promise.all([first.close(), second.close()]);
    await runtime.close();
    expect(log).toEqual(["second opens with 1", "first closes", "second closes"]);
  });

  test("opens no second one that nobody asks for", async () => {
    const { runtime, log } = paired(2);
    await runtime.close();
    expect(log).toEqual(["first closes"]);
  });

  test("is none where there is one thread", () => {
    expect(paired(1).runtime.pair).toBeUndefined();
  });
});
