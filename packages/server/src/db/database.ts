// The PostgreSQL database that several machines share. All SQL of this package is in this folder, and uses nothing that
// PGlite does not have.

import { Pool } from "pg";

/** What runs SQL; values take the place of $1, $2, ... */
export interface Database {
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
    query,
    forQueue: { executeSql: (text, values) => pool.query(text, values) },
    close: () => pool.end(),
  };
}

/**
 * Several processes may begin at once: the lock is held until the end of the transaction. `json` keeps the order of fields,
 * which pictures carry in their provenance; `jsonb` does not.
 */
const tables = `
  select pg_advisory_xact_lock(740161002);
  create schema if not exists proteoscope;
  create table if not exists proteoscope.worker (
    id uuid primary key,
    job uuid,
    seen timestamptz not null default now()
  );
  create table if not exists proteoscope.screen (
    id uuid primary key,
    request json not null,
    created timestamptz not null default now()
  );
  create table if not exists proteoscope.screen_result (
    screen uuid not null references proteoscope.screen on delete cascade,
    place integer not null,
    result json not null,
    png bytea,
    protein bytea,
    primary key (screen, place)
  );
`;

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
