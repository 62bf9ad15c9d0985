// A database in memory for a test. PGlite takes seconds to make an empty one, so that a process makes one and every test begins
// with a copy of it.

import { PGlite } from "@electric-sql/pglite";
import { loadOnce } from "@proteoscope/microscope";
import type { Database } from "../db/database.ts";
import { openPglite } from "../db/pglite.ts";

const emptyDatabase = loadOnce(async () => {
  const pglite = await PGlite.create();
  const dump = await pglite.dumpDataDir("none");
  await pglite.close();
  return dump;
});

/** Opens a database of its own. */
export async function openMemoryDatabase(): Promise<Database> {
  return openPglite({ loadDataDir: await emptyDatabase() });
}
