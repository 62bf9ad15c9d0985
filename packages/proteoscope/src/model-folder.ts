// The model that a command works with: a folder the user names, a model that was pulled, or the one that ships.
// Commands open it when their words have been checked: reading the weights takes a while.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import type { FileSource } from "@proteoscope/models";
import { cacheFolders } from "./cache-folders.ts";
import { resolveCheckpoint } from "./checkpoint-path.ts";
import type { devices } from "./cli/command.ts";
import { findShipped, shippedModelName } from "./package-files.ts";
import { borrowParts, findRun } from "./run-folders.ts";

/**
 * Finds a model folder, for `readModel` and `readNuclei`; it reads no weights.
 * @param model a folder with a model_index.json, a run folder of `proteoscope train`, whose missing parts are those of the
 * model that ships, or a model that `proteoscope models pull` has fetched; by default the model that ships.
 * @param env the variables that say where pulled models lie.
 * @throws ProteoscopeError (not found) when there is no such folder, or nothing ships with this installation.
 */
export async function openModel(
  model?: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<FileSource> {
  const { openFolder } = await import("@proteoscope/models/node");
  if (model !== undefined) {
    const path = await resolveCheckpoint(model, env);
    const isRun = path !== model && path === (await findRun(model))?.model;
    const files = isRun ? ["model_index.json", "localization/config.json"] : ["model_index.json"];
    if (!files.some((file) => existsSync(join(path, file))))
      throw new ProteoscopeError(
        isRun
          ? `${model}: a run that leaves no model of proteins (train plm and train diffusion leave one)`
          : `${model}: no model there (a model folder has a model_index.json)`,
        { kind: "notFound" },
      );
    const own = openFolder(path);
    return isRun ? (await borrowParts(own, () => openModel(undefined, env))).folder : own;
  }
  const shipped = findShipped(join("checkpoints", shippedModelName));
  if (shipped === undefined)
    throw new ProteoscopeError(`${shippedModelName} is not in this installation: name another model`, {
      kind: "notFound",
      field: "model",
    });
  return openFolder(shipped);
}

/**
 * Starts a runtime, lets `work` use it, and closes it with all it holds whatever happens. The runtime's thread starts
 * while `work` begins, so that what `work` reads and imports first costs no time.
 */
export async function withRuntime<Result>(
  device: (typeof devices)[number],
  work: (runtime: Runtime) => Promise<Result>,
): Promise<Result> {
  const { openRuntime } = await import("@proteoscope/engine/node");
  const cacheDir = cacheFolders(process.env).sessions;
  const runtime = await openRuntime({ device, ...(cacheDir !== undefined && { cacheDir }) });
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}
