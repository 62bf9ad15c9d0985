// What a model takes, in a sentence: said before it is loaded, and in the
// report of what computes.
import type { ModelSize } from "../api/types.ts";
import { megabytes } from "./pictures.ts";

/** "proteoscope-mini: 36 MB to fetch, once; about 320 MB of this browser's memory." */
export function describeSize({ name, fileBytes, downloadBytes, memoryBytes }: ModelSize): string {
  const owner = downloadBytes === null ? "the server's" : "this browser's";
  const memory = memoryBytes === null ? "" : `; about ${megabytes(memoryBytes)} of ${owner} memory`;
  if (downloadBytes === null) return `${name}: ${megabytes(fileBytes)} on the server${memory}.`;
  const fetched =
    downloadBytes === 0
      ? `${megabytes(fileBytes)}, stored in this browser: nothing to fetch`
      : `${megabytes(downloadBytes)} to fetch, once`;
  return `${name}: ${fetched}${memory}.`;
}
