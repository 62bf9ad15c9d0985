// The model that a command works with: a folder the user names, or the one that ships.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Microscope } from "@proteoscope/microscope";
import type { ReadFolder } from "@proteoscope/models";
import type { devices } from "./command.ts";
import { CommandError, exitCodes } from "./errors.ts";
import { findShipped, shippedModelName } from "./package-files.ts";

/** @throws CommandError (not found) when there is no such folder, or nothing ships with this installation. */
export async function findModelFolder(model: string | undefined): Promise<ReadFolder> {
  const { openFolder } = await import("@proteoscope/models/node");
  if (model !== undefined) {
    if (!existsSync(join(model, "model_index.json")))
      throw new CommandError(
        `${model}: no model there (a model folder has a model_index.json)`,
        exitCodes.notFound,
      );
    return openFolder(model);
  }
  const shipped = findShipped(join("checkpoints", shippedModelName));
  if (shipped === undefined)
    throw new CommandError(
      `${shippedModelName} is not in this installation: give a model with --model`,
      exitCodes.notFound,
    );
  return openFolder(shipped);
}

/** Opens a microscope, lets `work` use it, and closes it whatever happens. Networks are loaded when this is called. */
export async function withMicroscope<T>(
  folder: ReadFolder,
  device: (typeof devices)[number],
  work: (microscope: Microscope) => Promise<T>,
): Promise<T> {
  const { openRuntime } = await import("@proteoscope/engine/node");
  const { openMicroscope, readModel } = await import("@proteoscope/microscope");
  const [runtime, model] = await Promise.all([openRuntime({ device }), readModel(folder)]);
  try {
    const microscope = openMicroscope(runtime, model);
    return await work(microscope);
  } finally {
    await runtime.close();
  }
}
