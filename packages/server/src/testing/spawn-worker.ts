// Starts worker-entry.ts, which works for the process that starts it, or takes the jobs of a database
// where one is given.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { filesFolder } from "../serve.ts";

const entry = join(import.meta.dirname, "worker-entry.ts");

/** A process that works for the caller, on the files of a data folder; with a database it takes that one's jobs. */
export function spawnTestWorker(data: string, databaseUrl?: string): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env;
  return spawn(process.execPath, ["--import", "tsx", entry, filesFolder(data)], {
    env: databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "ignore", "inherit", ...(databaseUrl === undefined ? (["ipc"] as const) : [])],
    serialization: "advanced",
  });
}
