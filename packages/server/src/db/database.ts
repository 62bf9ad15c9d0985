// The database of jobs: PostgreSQL, which several machines share, or PGlite, a PostgreSQL inside this process (pglite.ts). All
// SQL of this package is in this folder and runs unchanged on both.

import { Pool } from "pg";
import { tables } from "./tables.ts";

/** What runs SQL; values take the place of $1, $2, ... */
export interface Database {
  readonly kind: "PostgreSQL" | "PGlite";
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** What pg-boss runs its SQL with. */
  readonly forQueue: { executeSql(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };
  close(): Promise<void>;
}

/** Connects and makes the tables where there are none. @throws the driver's errors, and Error that names the address. */
export async function openDatabase(url: string): Promise<Database> {
  const pool = new Pool({ connectionString: url, max: 4, application_name: "proteoscope" });
  pool.on("error", () => undefined); // an idle connection that is lost; the next query opens another
  const query: Database["query"] = async (text, values = []) => (await pool.query(text, [...values])).rows;
  try {
    await pool.query(tables); // without values, several statements are one transaction
  } catch (error) {
    await pool.end();
    throw new Error(`${withoutPassword(url)}: ${describe(error)}`, { cause: error });
  }
  return {
    kind: "PostgreSQL",
    query,
    forQueue: { executeSql: (text, values) => pool.query(text, values) },
    close: () => pool.end(),
  };
}

function withoutPassword(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return "DATABASE_URL";
  }
}

/** Where several addresses were tried, the driver's own message is empty. */
function describe(error: unknown): string {
  const { message, errors } = error as AggregateError;
  return message || (errors?.[0] as Error | undefined)?.message || String(error);
}
