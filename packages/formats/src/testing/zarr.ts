// The Zarr hierarchies of fixtures/zarr.npz, which zarr-python wrote (see fixtures/make_zarr.py), by their names: the
// files of each by path, and the array in it.

import { readNpz } from "../arrays/npz.ts";
import type { NdArray } from "../nd-array.ts";
import { readFixture } from "./fixture.ts";

export interface ZarrFixture {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** In the order of its axes. */
  readonly array: NdArray;
}

export function readZarrFixtures(): ReadonlyMap<string, ZarrFixture> {
  const entries = readNpz(readFixture("zarr.npz"));
  const fixtures = new Map<string, { files: Map<string, Uint8Array>; array: NdArray }>();
  for (const [key, array] of entries)
    if (key.endsWith(".values")) fixtures.set(key.slice(0, -".values".length), { files: new Map(), array });
  for (const [key, { data }] of entries) {
    const split = key.indexOf("|");
    if (split > 0) fixtures.get(key.slice(0, split))!.files.set(key.slice(split + 1), data as Uint8Array);
  }
  return fixtures;
}

/** A copy of the files with one of them changed, or added; undefined takes it away. */
export function withFile(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  content: Uint8Array | string | undefined,
): Map<string, Uint8Array> {
  const changed = new Map(files);
  if (content === undefined) changed.delete(path);
  else changed.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  return changed;
}

// biome-ignore lint/suspicious/noExplicitAny: metadata are changed anywhere, and to anything.
export type AnyJson = any;

/** A copy of the files with the JSON in one of them changed in place; what `change` returns is of no account. */
export function withJson(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  change: (value: AnyJson) => unknown,
): Map<string, Uint8Array> {
  const value: AnyJson = JSON.parse(new TextDecoder().decode(files.get(path)));
  change(value);
  return withFile(files, path, JSON.stringify(value));
}
