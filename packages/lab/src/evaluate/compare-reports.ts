// Two reports side by side: what was measured of single images in both is averaged by protein, proteins that both have are
// paired, and the differences come with intervals by bootstrap over proteins. So two models, or one model with two language
// models, are compared on the same proteins, which a comparison of two intervals is not.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, ProteoscopeError, readCsv, writeCsv } from "@proteoscope/formats";
import { z } from "zod";
import { bootstrapSums } from "./measures/bootstrap-sums.ts";
import { type ComparedReports, type ReportDifference, renderComparison } from "./report/comparison-html.ts";
import { metricsVersion, suiteSchema } from "./suite/results.ts";

const reportSchema = z.looseObject({
  version: z.literal(metricsVersion),
  provenance: z.looseObject({ model: z.looseObject({ name: z.string() }) }),
  suite: suiteSchema.nullable(),
});

/** A comparison with the files of its report. */
export interface ReportComparison extends ComparedReports {
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Compares two report folders.
 * @throws ProteoscopeError (not found, data) where one is no report of this version, or they have no protein in common
 */
export async function compareReports(
  pathA: string,
  pathB: string,
  { seed }: { readonly seed: number },
): Promise<ReportComparison> {
  const [a, b] = [await readReport(pathA), await readReport(pathB)];
  const differences = [...a.values].flatMap(([key, ofA]) => {
    const ofB = b.values.get(key);
    return ofB === undefined ? [] : differenceOf(key, ofA, ofB, seed);
  });
  if (differences.length === 0)
    throw new ProteoscopeError(`${pathA} and ${pathB} have no protein in common that was measured`, {
      kind: "data",
    });
  const sides = { a: { path: pathA, model: a.model }, b: { path: pathB, model: b.model } };
  const rows = differences.map((row) => ({ ...row }));
  const document = { version: metricsVersion, ...sides, differences };
  const files = new Map([
    ["comparison.json", `${JSON.stringify(document, null, 2)}\n`],
    ["comparison.csv", writeCsv(rows, Object.keys(rows[0]!))],
    ["comparison.html", renderComparison({ ...sides, differences }, a.curves, b.curves)],
  ]);
  return { ...sides, differences, files };
}

/** Means by protein, by "measure, subject, set". */
type Values = ReadonlyMap<string, ReadonlyMap<string, number>>;

async function readReport(folder: string) {
  const path = join(folder, "metrics.json");
  if (!existsSync(path))
    throw new ProteoscopeError(`${folder}: holds no metrics.json, so it is no report`, { kind: "notFound" });
  const parsed = reportSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
  if (!parsed.success) {
    const { path: field, message } = parsed.error.issues[0]!;
    const hint = `evaluate again: this program writes version ${metricsVersion}`;
    throw new FormatError("report", `${path}: ${field.join(".")}: ${message}`, { hint });
  }
  const { provenance, suite } = parsed.data;
  const tables = await Promise.all(["images", "pairs"].map((name) => readTable(folder, name)));
  return { model: provenance.model.name, curves: suite?.top_k ?? [], values: valuesOf(tables.flat()) };
}

async function readTable(folder: string, name: string): Promise<Record<string, string>[]> {
  const path = join(folder, "tables", `${name}.csv`);
  return existsSync(path) ? readCsv(await readFile(path, "utf8"), { name: path }) : [];
}

const keyColumns = new Set(["subject", "set", "id", "protein", "field", "compartment"]);

function valuesOf(rows: readonly Record<string, string>[]): Values {
  const sums = new Map<string, Map<string, { sum: number; count: number }>>();
  for (const row of rows) {
    if (row.subject === "real") continue;
    for (const [measure, cell] of Object.entries(row)) {
      if (keyColumns.has(measure) || cell === "" || !Number.isFinite(Number(cell))) continue;
      const key = [measure, row.subject, row.set].join("|");
      const ofKey = sums.get(key) ?? new Map<string, { sum: number; count: number }>();
      const { sum, count } = ofKey.get(row.protein!) ?? { sum: 0, count: 0 };
      sums.set(key, ofKey.set(row.protein!, { sum: sum + Number(cell), count: count + 1 }));
    }
  }
  return new Map(
    [...sums].map(([key, proteins]) => [
      key,
      new Map([...proteins].map(([protein, { sum, count }]) => [protein, sum / count])),
    ]),
  );
}

function differenceOf(
  key: string,
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
  seed: number,
): ReportDifference[] {
  const [measure, subject, set] = key.split("|") as [string, string, string];
  const pairs = [...a].flatMap(([protein, value]) => (b.has(protein) ? [[value, b.get(protein)!, 1]] : []));
  const estimate = bootstrapSums(pairs, ([ofA, ofB, count]) => (ofB! - ofA!) / count!, { seed });
  if (estimate === null) return [];
  const mean = (side: number) => pairs.reduce((sum, pair) => sum + pair[side]!, 0) / pairs.length;
  const [low, high] = estimate.interval95;
  return [
    {
      ...{ measure, subject, set, a: mean(0), b: mean(1) },
      ...{ difference: estimate.value, low, high, proteins: pairs.length },
    },
  ];
}

/** Differences whose interval does not hold 0, for a summary. */
export function clearDifferences(differences: readonly ReportDifference[]): ReportDifference[] {
  return differences.filter(({ low, high }) => low > 0 || high < 0);
}
