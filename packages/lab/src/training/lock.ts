// A lock file that keeps two processes out of one run folder. It names its owner's process, so that a lock left by
// a killed run is known to be stale and taken over.

import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../config/compose.ts";

export interface Lock {
  release(): Promise<void>;
}

const attempts = 3;

/** Locks a folder for this process. Throws ConfigError if a living process has it. */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, "run.lock");
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(`${process.pid}\n`);
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(path, "utf8").catch(() => ""));
    if (isAlive(owner)) {
      throw new ConfigError(`${folder} is in use by process ${owner}: wait for it, or stop it`);
    }
    await rm(path, { force: true });
  }
  throw new ConfigError(`${folder} is in use: another process takes its lock at the same time`);
}

// Signal 0 asks whether a process is there; a process of another user answers with EPERM.
function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
