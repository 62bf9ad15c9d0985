// A checkpoint as a command line names it: a folder, one file in a folder, or a model of the Hub that the cache has, by
// its name. The loaders read through a folder in every case, because a configuration or a second file of weights may
// lie in the same folder.
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import type { FileSource, LoadOptions } from "@proteoscope/models";
import { cacheFolders } from "./cache-folders.ts";
import { type FinishedRun, findRun, networkFolders } from "./run-folders.ts";

export interface CheckpointPath {
  readonly folder: FileSource;
  /** Names the file where the path is one. */
  readonly options: LoadOptions;
  /** On disk. */
  readonly path: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The path on disk of what is named: itself where there is something, of a run folder its model, else released weights of that
 * name that were pulled, else the snapshot of `owner/name` or `owner/name@revision` in the cache of Hugging Face.
 * @throws ProteoscopeError (not found) when it is neither.
 */
export async function resolveCheckpoint(named: string, env: Environment): Promise<string> {
  if ((await stat(named).catch(() => undefined)) !== undefined) return (await findRun(named))?.model ?? named;
  const { findReleased, findSnapshot, isModelName } = await import("@proteoscope/models/node");
  const { findReleasedWeights } = await import("@proteoscope/models/released");
  const { huggingFace: hubFolder, released: releasedFolder } = cacheFolders(env);
  const weights = findReleasedWeights(named);
  if (weights !== undefined) {
    const path = await findReleased(weights, { hubFolder, releasedFolder });
    if (path !== undefined) return path;
    throw new ProteoscopeError(
      `${weights.name} is not on this machine (proteoscope models pull ${weights.name})`,
      { kind: "notFound" },
    );
  }
  const [name = "", revision, ...rest] = named.split("@");
  if (!isModelName(name) || rest.length > 0)
    throw new ProteoscopeError(`${named}: no such file or folder`, { kind: "notFound" });
  const snapshot = await findSnapshot(hubFolder, name, revision);
  if (snapshot !== undefined) return snapshot;
  const fetchIt = `proteoscope models pull ${name}${revision === undefined ? "" : ` --revision ${revision}`}`;
  throw new ProteoscopeError(
    `${named}: no such file or folder, and no such model in the cache of Hugging Face (${fetchIt})`,
    { kind: "notFound" },
  );
}

/**
 * Opens what is named; of a run folder the network that the run trained, unless its model is a pipeline of several.
 * @throws ProteoscopeError (not found) when there is nothing of that name.
 */
export async function openCheckpoint(named: string, env: Environment): Promise<CheckpointPath> {
  const { openFolder } = await import("@proteoscope/models/node");
  const path = await networkOf(
    await resolveCheckpoint(named, env),
    await findRun(named).catch(() => undefined),
  );
  if ((await stat(path)).isDirectory()) return { folder: openFolder(path), options: {}, path };
  return { folder: openFolder(dirname(path)), options: { file: basename(path) }, path };
}

async function networkOf(path: string, run: FinishedRun | undefined): Promise<string> {
  const folder = run && networkFolders[run.trainer];
  if (folder === undefined) return path;
  const isThere = async (name: string) => (await stat(join(path, name)).catch(() => undefined)) !== undefined;
  const isAlone = (await isThere(folder)) && !(await isThere("model_index.json"));
  return isAlone ? join(path, folder) : path;
}
