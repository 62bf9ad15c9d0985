// The model that is evaluated: a model folder, or the run folder of a training, whose model/ has only the networks of
// that training. The image classifier and the nuclei then come from the shipped model, and the report says so.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FileSource } from "@proteoscope/models";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { openModel } from "../../model-folder.ts";

export interface EvaluatedModel {
  readonly folder: FileSource;
  /** Parts that came from the shipped model. */
  readonly borrowed: readonly string[];
}

const lendable = [
  { part: "classifier", file: "classifier/config.json" },
  { part: "nuclei.safetensors", file: "nuclei.safetensors" },
] as const;

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
  const own = await openModel(found);
  const has = await Promise.all(lendable.map(({ file }) => own.exists(file)));
  const borrowed = lendable.filter((_, index) => !has[index]).map(({ part }) => part);
  if (borrowed.length === 0) return { folder: own, borrowed };
  const shipped = await findShipped();
  const sourceOf = (file: string) =>
    borrowed.some((part) => file === part || file.startsWith(`${part}/`)) ? shipped : own;
  const folder: FileSource = {
    name: own.name,
    read: (file) => sourceOf(file).read(file),
    exists: (file) => sourceOf(file).exists(file),
  };
  return { folder, borrowed };
}
