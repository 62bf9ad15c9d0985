import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { metricsSchemaText } from "./write-metrics-schema.ts";

it("docs/metrics.schema.json is the schema that reports are read by", () => {
  const stored = readFileSync(join(import.meta.dirname, "../docs/metrics.schema.json"), "utf8");
  expect(JSON.parse(stored)).toEqual(JSON.parse(metricsSchemaText()));
});
