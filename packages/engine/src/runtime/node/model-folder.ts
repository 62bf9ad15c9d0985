/**
 * Loads models with external data in Node by way of files, which ONNX Runtime maps to memory instead of copying.
 *
 * The files lie in a private temporary folder that is removed as soon as the session is loaded: a mapped file stays
 * readable without its name. Where the system keeps mapped files (Windows), it is removed with the session; the folder
 * of a process that was killed, by the next process that loads such a model.
 */
import { rmSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ExternalData } from "../../onnx/external-data.ts";
import type { Runtime, Session } from "../runtime.ts";
import { makeTemporaryFolder, removeAbandonedFolders } from "./temporary-folders.ts";

const modelName = "model.onnx";
const purpose = "proteoscope-model";

const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** Gives the runtime external data as files. @throws Error, from `load`, where the files cannot be written. */
export function loadThroughFolders(runtime: Runtime, removeFiles = removeFolder): Runtime {
  const folders = new Set<string>();
  let cleaned: Promise<void> | undefined;
  const remove = async (folder: string) => {
    await removeFiles(folder);
    folders.delete(folder);
    if (folders.size === 0) process.off("exit", removeAll);
  };
  // Where the process ends in the middle of a load, or without closing a session.
  const removeAll = () => {
    try {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    } catch {} // the system's own cleaning of temporary files is all that is left
  };
  return {
    ...runtime,
    load: async (model, { externalData, ...options } = {}) => {
      if (externalData === undefined || typeof model === "string") return runtime.load(model, options);
      checkLocation(externalData);
      cleaned ??= removeAbandonedFolders(tmpdir(), purpose);
      await cleaned;
      const folder = await makeTemporaryFolder(tmpdir(), purpose).catch(explain);
      if (folders.size === 0) process.once("exit", removeAll);
      folders.add(folder);
      let session: Session;
      try {
        const path = join(folder, modelName);
        await writeFile(path, model).catch(explain);
        await writeFile(join(folder, externalData.location), bytesOf(externalData)).catch(explain);
        session = await runtime.load(path, options);
      } finally {
        await remove(folder).catch(() => {}); // is tried again at close
      }
      const close = async () => {
        await session.close();
        if (folders.has(folder)) await remove(folder);
      };
      return { ...session, close };
    },
    close: async () => {
      await runtime.close();
      for (const folder of [...folders]) await remove(folder);
    },
  };
}

function checkLocation({ location }: ExternalData): void {
  if (location !== basename(location) || location === modelName)
    throw new Error(`external data: "${location}" must be the name of a file beside the model`);
}

function explain(cause: unknown): never {
  throw new Error(
    `the model's weights cannot be written to ${tmpdir()} (${(cause as Error).message}); set TMPDIR to a folder with room for them`,
    { cause },
  );
}

async function* bytesOf({ parts }: ExternalData): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Blob) yield* part.stream() as unknown as AsyncIterable<Uint8Array>;
    else yield part;
  }
}
