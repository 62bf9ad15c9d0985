// Long work in parts, so that an interrupt or a kill costs one part: an experiment yields each part when it is computed, the
// caller stores it, and gives it back when the same experiment runs again. What a part holds is a function of the request
// alone; therefore results do not depend on how often the work was ended.

import { type NdArray, readNpy, writeNpy } from "@proteoscope/formats";

/** A finished part of an experiment. */
export interface Part {
  /** Name of its file; each part of an experiment has another. */
  readonly name: string;
  readonly data: Uint8Array;
}

/** Finds a part that an earlier run of the same request has stored; undefined where it has not. */
export type FindPart = (name: string) => Promise<Uint8Array | undefined>;

/** What an experiment yields: its parts, and at last its result. */
export type ExperimentStep<Result> = { readonly part: Part } | { readonly result: Result };

/** The array of a part: found, or computed and yielded. */
export async function* computePart(
  name: string,
  find: FindPart,
  compute: () => Promise<NdArray>,
): AsyncGenerator<{ readonly part: Part }, NdArray, undefined> {
  const found = await find(name);
  if (found !== undefined) return readNpy(found);
  const array = await compute();
  yield { part: { name, data: writeNpy(array) } };
  return array;
}
