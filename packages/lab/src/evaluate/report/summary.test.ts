import { expect, it } from "vitest";
import { figureOf } from "../suite/figure.ts";
import type { Metrics } from "./metrics.ts";
import { summarizeMetrics } from "./summary.ts";

const estimate = (value: number, n: number) => ({
  value,
  interval95: [value - 0.1, value + 0.1] as const,
  n,
});

it("the summary says what each judge says of generated images, and how good it is itself", () => {
  const key = { measure: "accuracy", by: "features" };
  const suite = {
    judges: [{ name: "features" }],
    figures: [
      figureOf({ ...key, subject: "real", set: "all", unit: "fields" }, estimate(0.6, 30), 90),
      figureOf({ ...key, subject: "generated", set: "unseen" }, estimate(0.4, 20), 20),
      figureOf({ ...key, subject: "generated", set: "unseen", compartment: "ER" }, estimate(0.9, 2), 2),
    ],
  };
  const metrics = { images: null, localization: null, suite } as unknown as Metrics;
  expect(summarizeMetrics(metrics)).toEqual([
    "accuracy by every judge",
    `  ${"features".padEnd(36)}generated, unseen 40 % (30 % to 50 %), n 20; real 60 % (50 % to 70 %), n 30 fields`,
  ]);
  expect(summarizeMetrics({ ...metrics, suite: null })).toEqual([]);
});
