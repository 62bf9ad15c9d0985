// What a screen is given, record by record, and what it says of each: done, or refused with the reason. Plain data, so that
// a queue may carry both between machines.

import type { ChosenNucleus } from "../generate/nuclei.ts";
import type { NamedSequence } from "../generate/request.ts";
import type { LocalizedProtein } from "../protein/localize.ts";

/** A protein to screen, and where it stands. */
export interface ScreenRecord extends NamedSequence {
  /** The file's name, or "example", "command line". */
  readonly file: string;
  /** One-based line of the record in its file; undefined where there is no file. */
  readonly line?: number | undefined;
  /** The nucleus of the record's own picture; that of the screen where it has none. */
  readonly nucleus?: ChosenNucleus | undefined;
}

/** A record that cannot be read or encoded: where, and why. */
export interface RefusedScreenRecord {
  readonly id: string;
  readonly file: string;
  readonly line?: number | undefined;
  /** One line. */
  readonly reason: string;
}

/** A record of the input, or what is wrong with it. */
export type ScreenInput =
  | { readonly record: ScreenRecord; readonly refused?: undefined }
  | { readonly record?: undefined; readonly refused: RefusedScreenRecord };

/** The result of a record that is done. */
export interface ScreenedProtein {
  readonly record: Pick<ScreenRecord, "id" | "file" | "line">;
  /** SHA-256 of the sequence's letters, in hexadecimal. */
  readonly sequenceSha256: string;
  readonly localized: LocalizedProtein;
  /** Files of its picture by kind; none where no images are wanted. */
  readonly picture?: ScreenPicture | undefined;
}

/** The picture of a protein, for people and for programs. */
export interface ScreenPicture {
  /** All samples in a row, marked as synthetic, with the provenance in its text. */
  readonly png: Uint8Array;
  /** The protein channel of each sample as the model draws it, in [0, 1], [samples, H, W]. */
  readonly protein: Float32Array;
}

/** The result of a record, in the order of the records. */
export type ScreenResult =
  | { readonly done: ScreenedProtein; readonly refused?: undefined }
  | { readonly done?: undefined; readonly refused: RefusedScreenRecord };

/** One of `count` equal parts of a screen: the records whose place, from 0, has the remainder `index` by `count`. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** The records of a shard, in their order. @throws RangeError for a shard that does not exist. */
export async function* recordsOfShard<T>(
  records: Iterable<T> | AsyncIterable<T>,
  { index, count }: Shard,
): AsyncGenerator<T, void, undefined> {
  if (!Number.isInteger(count) || !Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(`there is no shard ${index + 1} of ${count}`);
  let place = 0;
  for await (const record of records) if (place++ % count === index) yield record;
}
