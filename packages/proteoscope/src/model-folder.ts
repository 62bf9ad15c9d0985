// The model that a command works with: a folder the user names, or the one that ships.
// Commands open it when their words have been checked: reading the weights takes a while.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "@proteoscope/engine";
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

/**
 * Reads a model while the runtime starts, opens something on both, lets `work` use it, and closes all of it
 * whatever happens.
 */
export async function withModel<Model, Opened extends { close(): Promise<void> }, Result>(
  device: (typeof devices)[number],
  read: () => Promise<Model>,
  open: (runtime: Runtime, model: Model) => Opened | Promise<Opened>,
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const { openRuntime } = await import("@proteoscope/engine/node");
  const [starting, reading] = await Promise.allSettled([openRuntime({ device }), read()]);
  if (starting.status === "rejected") throw starting.reason;
  const runtime = starting.value;
  try {
    if (reading.status === "rejected") throw reading.reason;
    const opened = await open(runtime, reading.value);
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  } finally {
    await runtime.close();
  }
}
