import { describe, expect, it } from "vitest";
import { runCommandProcess } from "./command-process.ts";
import { measureApart } from "./measure-apart.ts";

describe("measuring in a process of its own", () => {
  it("reports every round and gives the result", async () => {
    const rounds: number[] = [];
    const options = { threads: 1, leastRuns: 2, onRound: (round: number) => rounds.push(round) };
    const result = await measureApart("cli.version.cold", options);
    expect(result).toMatchObject({ name: "cli.version.cold", gflop: null, peer: null, ratio: null });
    expect(result.n).toBeGreaterThanOrEqual(2);
    expect(result.peakMb).toBeGreaterThan(10);
    expect(rounds).toEqual(Array.from({ length: result.n }, (_, index) => index + 1));
  });

  it("ends at once when it is interrupted", async () => {
    const controller = new AbortController();
    const options = { threads: 1, leastRuns: 10_000, onRound: () => controller.abort() };
    const interrupted = measureApart("cli.version.cold", { ...options, signal: controller.signal });
    await expect(interrupted).rejects.toThrow("aborted");
    await expect(measureApart("cli.version.cold", { signal: controller.signal })).rejects.toThrow("aborted");
  });

  it("names a case that fails", async () => {
    await expect(measureApart("no.such.case")).rejects.toThrow("no.such.case ended with code 1");
  });
});

describe("the command line as a process", () => {
  it("reports how much memory it took", async () => {
    expect(await runCommandProcess(["--version"])).toBeGreaterThan(10);
  });

  it("is an error with the last words of a command that fails", async () => {
    await expect(runCommandProcess(["frobnicate"])).rejects.toThrow(/code 2: .*unknown command/);
  });
});
