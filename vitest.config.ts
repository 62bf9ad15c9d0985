// All tests, in five projects: what one runner reports, one closing line sums up.
// `source` looks at the text of the repository (format, lint, types, architecture), `unit` runs beside the code,
// `golden` holds the networks to recorded values, `e2e` drives the finished product, one file at a time, and `package`
// the packed release, installed in a folder of its own.
import { defineConfig } from "vitest/config";
import { closingLineReporter } from "./scripts/closing-line-reporter.ts";

const minuteMs = 60_000;

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    env: { PROTEOSCOPE_KEEP_SESSIONS: "0" }, // nothing of a test's in the cache of who runs it
    reporters: ["default", closingLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: "source",
          include: ["tests/*.test.ts", "tests/{api,architecture}/**/*.test.ts"],
          testTimeout: 5 * minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
          testTimeout: minuteMs,
          hookTimeout: minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: "golden",
          include: ["tests/golden/**/*.test.ts"],
          testTimeout: 2 * minuteMs,
          hookTimeout: 2 * minuteMs,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["tests/{e2e,recorded}/**/*.test.ts"],
          testTimeout: 5 * minuteMs,
          hookTimeout: 5 * minuteMs,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "package",
          include: ["tests/package/**/*.test.ts"],
          globalSetup: "tests/package/install-release.ts",
          testTimeout: 5 * minuteMs,
          hookTimeout: 5 * minuteMs,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
