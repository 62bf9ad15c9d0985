// An unfinished download, `<target>.incomplete`, as other tools of the Hub name it. While a process works on it, its name
// has that process's id, so that no two write to one file; after an interrupt it has its common name again, and what a
// killed process left is taken over when that process is gone.
import { renameSync } from "node:fs";
import { open, readdir, rename, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** An unfinished download that belongs to this process. */
export interface PartialFile {
  readonly path: string;
  /** Renames it to its target. */
  finish(): Promise<void>;
  /** Gives it its common name, so that anyone can go on with it; nothing after `finish`. */
  release(): void;
}

/** Takes over what there is of a target, or begins an empty file. The target's folder must exist. */
export async function claimPartialFile(target: string): Promise<PartialFile> {
  const common = `${target}.incomplete`;
  const path = ownName(target, process.pid);
  await rename(await findAbandoned(target), path).catch(ignoreMissing);
  await (await open(path, "a")).close();
  let isHeld = true;
  const release = (): void => {
    process.off("exit", release);
    if (!isHeld) return;
    isHeld = false;
    try {
      renameSync(path, common);
    } catch {
      // It was removed meanwhile: there is nothing to go on with.
    }
  };
  process.once("exit", release);
  return {
    path,
    release,
    async finish() {
      await rename(path, target);
      isHeld = false;
      release();
    },
  };
}

/** Bytes of a target that an interrupted download left; 0 where there is nothing. */
export async function partialBytes(target: string): Promise<number> {
  const path = await findAbandoned(target).catch(() => undefined);
  return path === undefined ? 0 : ((await stat(path).catch(() => undefined))?.size ?? 0);
}

function ownName(target: string, pid: number): string {
  return `${target}.${hostname()}-${pid}.incomplete`;
}

/** The common name, or the file of a process of this machine that has ended. */
async function findAbandoned(target: string): Promise<string> {
  for (const name of await readdir(dirname(target))) {
    const path = join(dirname(target), name);
    const pid = Number(/-(\d+)\.incomplete$/.exec(name)?.[1] ?? Number.NaN);
    if (name.startsWith(basename(target)) && path === ownName(target, pid) && !isRunning(pid)) return path;
  }
  return `${target}.incomplete`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
