// The model that is evaluated: a model folder, or the run folder of a training, whose model/ has only the networks of
// that training. The image classifier and the nuclei then come from the shipped model, and the report says so.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FileSource } from "@proteoscope/models";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { openModel } from "../../model-folder.ts";
import { borrowParts } from "../../run-folders.ts";

export interface EvaluatedModel {
  readonly folder: FileSource;
  /** Parts that came from the shipped model. */
  readonly borrowed: readonly string[];
}

/** @throws CommandError (not found) when there is no model, or a part is missing and nothing ships. */
export async function findEvaluatedModel(
  path: string,
  findShipped: () => Promise<FileSource> = () => openModel(undefined),
): Promise<EvaluatedModel> {
  const found = [path, join(path, "model")].find((folder) => existsSync(join(folder, "model_index.json")));
  if (found === undefined)
    throw new CommandError(
      `${path}: no model there (a model folder has a model_index.json, a run folder one in model/)`,
      exitCodes.notFound,
    );
  return borrowParts(await openModel(found), findShipped);
}
