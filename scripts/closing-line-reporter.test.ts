import { describe, expect, it } from "vitest";
import { type CountedModule, closingLine, tally } from "./closing-line-reporter.ts";

type State = "passed" | "failed" | "skipped" | "pending";

function moduleOf(states: State[], errors: { file?: number; hooks?: number[] } = {}): CountedModule {
  return {
    errors: () => new Array(errors.file ?? 0).fill(new Error("did not load")),
    children: {
      allTests: () => states.map((state) => ({ result: () => ({ state }) })),
      allSuites: () => (errors.hooks ?? []).map((count) => ({ errors: () => new Array(count).fill("hook") })),
    },
  };
}

describe("the closing line", () => {
  it("adds up the tests of all files", () => {
    const modules = [moduleOf(["passed", "passed", "failed"]), moduleOf(["passed", "skipped"])];
    expect(tally(modules, 0)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  it("counts a test that never finished as failed", () => {
    expect(tally([moduleOf(["passed", "pending"])], 0)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it("counts a file that does not load, a failing hook and a stray rejection", () => {
    const modules = [moduleOf([], { file: 1 }), moduleOf(["passed"], { hooks: [0, 1] })];
    expect(tally(modules, 1)).toEqual({ passed: 1, failed: 3, skipped: 0 });
  });

  it("names the skipped tests only if there are any", () => {
    expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
    expect(closingLine({ passed: 12, failed: 1, skipped: 3 })).toBe("12 passed, 1 failed, 3 skipped");
  });
});
