// PGlite: PostgreSQL inside this process, its tables in a folder. It has no lock on that folder, and two processes would
// ruin it: whoever opens it holds the folder (lockFolder). It never waits for the disk: what a killed process has written
// stays, a power cut can cost the last seconds of jobs, or the folder of the database; images are files of their own.
// https://github.com/electric-sql/pglite/issues/1106 and /1107

import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import type { Database } from "./database.ts";
import { tables } from "./tables.ts";

/** Opens the database of a folder that this process holds (`dataDir`), in memory where there is none. @throws PGlite's errors. */
export async function openPglite(options: Pick<PGliteOptions, "dataDir" | "loadDataDir">): Promise<Database> {
  const pglite = await PGlite.create(options);
  await pglite.exec(tables);
  return {
    kind: "PGlite",
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await pglite.query<Row>(text, [...values])).rows,
    forQueue: {
      async executeSql(text, values) {
        if (values !== undefined && values.length > 0) return pglite.query(text, values);
        const results = await pglite.exec(text);
        return results.at(-1) ?? { rows: [] };
      },
    },
    close: () => pglite.close(),
  };
}
