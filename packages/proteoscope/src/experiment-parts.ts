// Finished parts of an experiment, in a folder inside its output folder: a run that was interrupted or killed leaves them there,
// and the same command goes on from them. The folder is named by a digest of all that the results depend on, so that no part
// of another request is taken for one of this; it is removed when the results are written.

import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "@proteoscope/formats/node";
import type { ExperimentStep, FindPart } from "@proteoscope/microscope/experiments";
import { packageVersion } from "./package-files.ts";

/** An experiment whose parts are kept. */
export interface PartsFolder {
  readonly path: string;
  /** Stores every part of an experiment, and gives its result. */
  run<Result>(start: (find: FindPart) => AsyncIterable<ExperimentStep<Result>>): Promise<Result>;
  /** Number of parts that are there. */
  count(): Promise<number>;
  remove(): Promise<void>;
}

/** The folder of parts of a request; `request` is plain data that all parts are a function of. */
export function openPartsFolder(output: string, request: unknown): PartsFolder {
  const text = JSON.stringify({ request, version: packageVersion() });
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const path = join(output, `.proteoscope-parts-${digest}`);
  const find: FindPart = (name) =>
    readFile(join(path, `${name}.npy`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return undefined;
    });
  return {
    path,
    async run(start) {
      await createFolder(path);
      for await (const step of start(find)) {
        if ("result" in step) return step.result;
        const partial = join(path, `${randomBytes(4).toString("hex")}.partial`);
        await writeFile(partial, step.part.data);
        await rename(partial, join(path, `${step.part.name}.npy`));
      }
      throw new Error("an experiment ends with a result");
    },
    count: async () => (await readdir(path).catch(() => [])).filter((name) => name.endsWith(".npy")).length,
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Digest of numbers, for a request that depends on them. */
export function digestOf(arrays: readonly Float32Array[]): string {
  const hash = createHash("sha256");
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest("hex");
}
