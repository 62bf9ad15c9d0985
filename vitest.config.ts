// All tests, in seven projects: what one runner reports, one closing line sums up.
// `source` looks at the text of the repository (format, lint, types, architecture), `unit` runs beside the code, `formats` are
// the unit tests of that package, each file in a process of its own because they measure the time of hostile files, and `slow`
// are those tests beside the code that train networks or draw many images (*.slow.test.ts). `golden` holds the networks to
// recorded values; `e2e` drives the finished product, one file at a time, and `package` the packed release,
// installed in a folder of its own.
import { configDefaults, defineConfig } from "vitest/config";
import { closingLineReporter } from "./scripts/closing-line-reporter.ts";

const minuteMs = 60_000;
const besideTheCode = ["packages/*/src", "scripts", "bench"];
const testsBeside = (ending: string): string[] => besideTheCode.map((folder) => `${folder}/**/*${ending}`);
const formats = "packages/formats/src/**/*.test.ts";
const unit = { testTimeout: minuteMs, hookTimeout: minuteMs };

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
          include: testsBeside(".test.ts"),
          isolate: false, // a process per file takes longer than what most files do
          exclude: [...configDefaults.exclude, ...testsBeside(".slow.test.ts"), formats],
          ...unit,
        },
      },
      {
        extends: true,
        test: {
          name: "formats",
          include: [formats],
          exclude: [...configDefaults.exclude, ...testsBeside(".slow.test.ts")],
          ...unit,
        },
      },
      {
        extends: true,
        test: {
          name: "slow",
          include: testsBeside(".slow.test.ts"),
          testTimeout: 5 * minuteMs,
          hookTimeout: 5 * minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: "golden",
          include: ["tests/golden/**/*.test.ts"],
          testTimeout: 5 * minuteMs, // two networks of the published size take a minute each on two busy cores
          hookTimeout: 2 * minuteMs,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["tests/{e2e,recorded}/**/*.test.ts"],
          globalSetup: "tests/e2e/page/static-folder.ts",
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
