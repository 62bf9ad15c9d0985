// An uploaded image of nuclei as it is kept: the file, how it was read, and what was found. The digest of this
// description is the id of the image, so that a job reads it as it was shown.

import type { z } from "@hono/zod-openapi";
import type { UploadedNuclei } from "../api.ts";
import type { uploadQuery } from "../http/schemas/nuclei.ts";

/** How an upload is read. */
export type UploadOptions = Omit<z.infer<typeof uploadQuery>, "name">;

/** An upload as it is kept: the file, how it is read, and what was found. */
export interface StoredUpload {
  readonly file: string;
  readonly name: string;
  readonly options: UploadOptions;
  readonly found: Omit<UploadedNuclei, "id" | "nuclei"> & {
    readonly nuclei: readonly Omit<UploadedNuclei["nuclei"][number], "id">[];
  };
}

/** The options of the library for those of an upload. */
export function uploadOptions({ nucleusChannel, nucleusZ, nucleusTime, pixelSizeMicrons }: UploadOptions) {
  return { nucleusChannel, nucleusZ, nucleusTime, pixelSizeMicrons };
}

/** A stored upload as clients see it. */
export function describeUpload(digest: string, { found }: StoredUpload): UploadedNuclei {
  const id = `upload:${digest}`;
  return {
    id,
    ...found,
    nuclei: found.nuclei.map((nucleus) => ({ id: `${id}:${nucleus.index}`, ...nucleus })),
  };
}
