// What is recorded of released weights that were pulled: the licence that was accepted, and the sha256 that each file had when
// it first came. Their makers state no sums, so the first download is what later ones are compared with.

import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import { createFolder } from "@proteoscope/formats/node";
import { z } from "zod";

const pinSchema = z.object({
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where it came from. */
  url: z.string(),
  /** When it first came, ISO 8601. */
  pinned: z.string(),
});
const recordSchema = z.object({
  schema: z.literal(1),
  /** The licence as it was shown, and when it was accepted. */
  licence: z.object({ text: z.string(), accepted: z.string() }).nullable(),
  files: z.record(z.string(), pinSchema),
});

/** The sum of a file at its first download. */
export type Pin = z.infer<typeof pinSchema>;

/** The record of one release; plain JSON. */
export type ReleaseRecord = z.infer<typeof recordSchema>;

const nothing: ReleaseRecord = { schema: 1, licence: null, files: {} };

/** The folder of a release: its record, and its files where they come from a bucket. */
export function releaseFolder(root: string, name: string): string {
  return join(root, name);
}

/** Reads the record of a release; an empty one where there is none. @throws ProteoscopeError (data) for a damaged one. */
export async function readRecord(root: string, name: string): Promise<ReleaseRecord> {
  const path = recordPath(root, name);
  const text = await readFile(path, "utf8").catch(ignoreMissing);
  if (text === undefined) return nothing;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ProteoscopeError(
      `${path}: is no record of a download; remove it, and the next pull begins anew`,
      {
        ...{ kind: "data", cause },
      },
    );
  }
}

/** Writes the record of a release, whole or not at all. */
export async function writeRecord(root: string, name: string, record: ReleaseRecord): Promise<void> {
  const path = recordPath(root, name);
  await createFolder(dirname(path));
  const temporary = `${path}.${process.pid}.partial`;
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`);
  await rename(temporary, path);
}

function recordPath(root: string, name: string): string {
  return join(releaseFolder(root, name), "record.json");
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
