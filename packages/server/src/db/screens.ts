// The rows of screens: what is asked, and what workers found, until the process that asked has
// written it to its folder.

import type { Database } from "./database.ts";

/** A result as the table holds it. */
export interface StoredResult {
  readonly place: number;
  /** JSON of a `ScreenResult` without its picture. */
  readonly result: unknown;
  readonly png: Uint8Array | null;
  /** float32, little-endian. */
  readonly protein: Uint8Array | null;
}

/** Days after which a screen that nobody fetched is forgotten; the queue keeps its jobs as long. */
export const keptDays = 14;

/** Adds a screen; one that is there stays as it is. */
export async function insertScreen(database: Database, id: string, request: unknown): Promise<void> {
  await database.query("delete from proteoscope.screen where created < now() - make_interval(days => $1)", [
    keptDays,
  ]);
  await database.query(
    "insert into proteoscope.screen (id, request) values ($1, $2) on conflict do nothing",
    [id, JSON.stringify(request)],
  );
}

/** The request of a screen; undefined where it is gone. */
export async function findScreen(database: Database, id: string): Promise<unknown> {
  const rows = await database.query<{ request: unknown }>(
    "select request from proteoscope.screen where id = $1",
    [id],
  );
  return rows[0]?.request;
}

/** Removes a screen with its results. */
export async function deleteScreen(database: Database, id: string): Promise<void> {
  await database.query("delete from proteoscope.screen where id = $1", [id]);
}

/** Adds the result of a record, once: a second one of the same record changes nothing. */
export async function insertResult(
  database: Database,
  screen: string,
  { place, result, png, protein }: StoredResult,
): Promise<void> {
  // The screen may be gone, where its process ended while this result was computed.
  await database.query(
    `insert into proteoscope.screen_result (screen, place, result, png, protein)
     select id, $2, $3, $4, $5 from proteoscope.screen where id = $1
     on conflict do nothing`,
    [screen, place, JSON.stringify(result), png, protein],
  );
}

/** The results from a place on, in their order, at most `most`. */
export function findResults(
  database: Database,
  screen: string,
  { from, most }: { readonly from: number; readonly most: number },
): Promise<StoredResult[]> {
  return database.query<StoredResult>(
    `select place, result, png, protein from proteoscope.screen_result
     where screen = $1 and place >= $2 order by place limit $3`,
    [screen, from, most],
  );
}

/** Which of `count` places from one on have results. */
export async function findDonePlaces(
  database: Database,
  screen: string,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<Set<number>> {
  const rows = await database.query<{ place: number }>(
    "select place from proteoscope.screen_result where screen = $1 and place >= $2 and place < $3",
    [screen, from, from + count],
  );
  return new Set(rows.map(({ place }) => place));
}

/** Removes the results before a place, which are written elsewhere. */
export async function deleteResults(database: Database, screen: string, before: number): Promise<void> {
  await database.query("delete from proteoscope.screen_result where screen = $1 and place < $2", [
    screen,
    before,
  ]);
}
