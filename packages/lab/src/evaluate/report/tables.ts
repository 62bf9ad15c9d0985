// The suite's results as tables, for other programs: every figure, every image with what judges say of it, every pair, the
// curves. As CSV and as Parquet; columns are in snake_case, what was not measured is empty.

import { startParquet, writeCsv } from "@proteoscope/formats";
import { judgedClasses, mostLikely } from "../judges/judged-classes.ts";
import type { SuiteDetails } from "../suite/details.ts";
import { isRightFor } from "../suite/judges.ts";
import { pixelMeasures } from "../suite/pair-figures.ts";
import type { SuiteResults } from "../suite/results.ts";

type Cell = string | number | null;
type Row = Readonly<Record<string, Cell>>;

/** Files of all tables by name; tables of single images only where `details` are given. */
export async function suiteTables(
  { figures, top_k, umap }: SuiteResults,
  details: SuiteDetails | undefined,
): Promise<Map<string, string | Uint8Array>> {
  const curves = top_k.flatMap(({ shares, chance, ...rest }) =>
    shares.map((share, index) => ({ ...rest, k: index + 1, share, chance: chance[index]! })),
  );
  const tables: Readonly<Record<string, readonly Row[]>> = {
    ...{ figures, top_k: curves, umap: umap?.points ?? [] },
    ...(details === undefined ? {} : { images: imageRows(details), pairs: pairRows(details) }),
  };
  const files = new Map<string, string | Uint8Array>();
  for (const [name, rows] of Object.entries(tables)) {
    if (rows.length === 0) continue;
    files.set(`tables/${name}.csv`, csvOf(rows));
    files.set(`tables/${name}.parquet`, await parquetOf(rows));
  }
  return files;
}

/** One row per image: real ones, then every set. `right_<judge>` is 1 for right, 0 for wrong. */
function imageRows({ real, subjects, judges }: SuiteDetails): Row[] {
  return [{ subject: "real", set: "all", looked: real }, ...subjects].flatMap(({ subject, set, looked }) =>
    looked.looks.map(({ id, protein, label, field, nuclearProportion, resolution, encoded }) => {
      const answers = judges.flatMap((judge): [string, Cell][] => {
        const answer = mostLikely(judge.probabilities(encoded.get(judge.name)!));
        const isRight = label === undefined ? null : isRightFor(label, answer) ? 1 : 0;
        return [
          [`answer_${judge.name}`, judgedClasses[answer]!.name],
          [`right_${judge.name}`, isRight],
        ];
      });
      return {
        ...{ subject, set, id, protein, field, compartment: label?.name ?? null },
        ...{ nuclear_proportion: finite(nuclearProportion) },
        resolvability_um_protein: finite(resolution.protein),
        resolvability_um_nucleus: finite(resolution.nucleus),
        ...Object.fromEntries(answers),
      };
    }),
  );
}

function pairRows({ pairs }: SuiteDetails): Row[] {
  return (pairs?.rows ?? []).map(
    ({ id, unit, set, subject, nuclearProportion, realProportion, ...pixels }) => ({
      ...{ subject, set, id, protein: unit },
      ...Object.fromEntries(pixelMeasures.map((measure) => [measure, finite(pixels[measure])])),
      ...{ nuclear_proportion: finite(nuclearProportion), real_nuclear_proportion: finite(realProportion) },
    }),
  );
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function csvOf(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0]!);
  const cells = rows.map((row) =>
    Object.fromEntries(columns.map((name) => [name, row[name] === null ? "" : row[name]!])),
  );
  return writeCsv(cells, columns);
}

const rowsPerGroup = 10_000;

async function parquetOf(rows: readonly Row[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const columns = Object.keys(rows[0]!).map((name) => ({
    name,
    type: rows.some((row) => typeof row[name] === "string") ? ("string" as const) : ("double" as const),
  }));
  const table = await startParquet(columns, async (bytes) => void chunks.push(bytes));
  for (let first = 0; first < rows.length; first += rowsPerGroup)
    await table.write(
      rows.slice(first, first + rowsPerGroup).map((row) => columns.map(({ name }) => row[name] ?? null)),
    );
  await table.finish();
  return Buffer.concat(chunks);
}
