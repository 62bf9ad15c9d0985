// A vitest reporter that ends every run with one line: `N passed, N failed`, plus `, N skipped` if any.
// People and scripts read that line alone, so it is written when the process exits, after everything else.
// What breaks outside a test (a file that does not load, a failing hook, a stray rejection) counts as failed.
import { writeSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of a vitest test module that counting needs. */
export interface CountedModule {
  errors(): readonly unknown[];
  children: {
    allTests(): Iterable<{ result(): { state: "passed" | "failed" | "skipped" | "pending" } }>;
    allSuites(): Iterable<{ errors(): readonly unknown[] }>;
  };
}

/** Counts the tests of all modules; a test that never finished has failed. */
export function tally(modules: readonly CountedModule[], strayErrors: number): Tally {
  const counts: Tally = { passed: 0, failed: strayErrors, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === "pending" ? "failed" : state] += 1;
    }
  }
  return counts;
}

/** The closing line itself, without a line break. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The reporter, to be listed after vitest's default one. */
export function closingLineReporter(): Reporter {
  let line: string | undefined;
  return {
    onInit() {
      process.once("exit", () => {
        if (line !== undefined) writeSync(1, `${line}\n`);
      });
    },
    onTestRunEnd(modules: readonly TestModule[], strayErrors) {
      line = closingLine(tally(modules, strayErrors.length));
    },
  };
}
