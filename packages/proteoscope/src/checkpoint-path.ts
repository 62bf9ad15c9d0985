// A checkpoint as a command line names it: a folder, or one file in a folder. The loaders read through a folder in
// either case, because a configuration or a second file of weights may lie beside the first.
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { LoadOptions, ReadFolder } from "@proteoscope/models";
import { CommandError, exitCodes } from "./errors.ts";

export interface CheckpointPath {
  readonly folder: ReadFolder;
  /** Names the file where the path is one. */
  readonly options: LoadOptions;
}

/** @throws CommandError (not found) when there is nothing at the path. */
export async function openCheckpoint(path: string): Promise<CheckpointPath> {
  const { openFolder } = await import("@proteoscope/models/node");
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new CommandError(`${path}: no such file or folder`, exitCodes.notFound);
  if (found.isDirectory()) return { folder: openFolder(path), options: {} };
  return { folder: openFolder(dirname(path)), options: { file: basename(path) } };
}
