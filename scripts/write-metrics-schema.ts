// `tsx scripts/write-metrics-schema.ts`: docs/metrics.schema.json, the part of metrics.json that the suite writes, as JSON Schema
// from the schema that reports are read by.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { metricsVersion, suiteSchema } from "../packages/lab/src/evaluate/suite/results.ts";

/** The schema as a text. */
export function metricsSchemaText(): string {
  const schema = z.toJSONSchema(suiteSchema);
  const title = `metrics.json of proteoscope evaluate, version ${metricsVersion}: the field "suite"`;
  return `${JSON.stringify({ title, ...schema }, null, 2)}\n`;
}

if (process.argv[1]?.endsWith("write-metrics-schema.ts"))
  await writeFile(join(import.meta.dirname, "../docs/metrics.schema.json"), metricsSchemaText());
