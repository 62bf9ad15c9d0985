// Where results wait until all are written: a folder with a short name inside the output folder.
//
//   .proteoscope-<host>-<pid>-<random>.partial   being written; removed when its process is gone
//   .proteoscope-<host>-<pid>-<random>.commit    complete: renaming it so is the decision, for all files at once
//
// After the decision the files move to their places one by one. A process that is killed meanwhile leaves the rest in
// the folder, and the next run into the same output folder moves it on. This holds for processes, not for power cuts:
// nothing is forced to the disk.
import { createHash, randomBytes } from "node:crypto";
import { readlinkSync, rmSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";

export interface Staging {
  /** Writes a file that is to have this name in the output folder. */
  write(name: string, data: Uint8Array | string | readonly Uint8Array[]): Promise<void>;
  /** Decides, and moves all files to their places. */
  commit(): Promise<void>;
  /** Removes what was written before the decision; afterwards it does nothing. */
  discard(): void;
}

const folderName = /^\.proteoscope-([0-9a-f]{8})-(\d+)-[0-9a-f]+\.(partial|commit)$/;
const dayMs = 86_400_000;

/** A new folder for results of this process. @throws the system's errors. */
export async function openStaging(output: string): Promise<Staging> {
  const path = join(output, `.proteoscope-${hostId()}-${process.pid}-${randomBytes(4).toString("hex")}`);
  const [partial, committed] = [`${path}.partial`, `${path}.commit`];
  await mkdir(partial);
  return {
    async write(name, data) {
      const target = join(partial, name);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, data);
    },
    async commit() {
      await rename(partial, committed);
      await moveOut(committed, output);
    },
    discard: () => rmSync(partial, { recursive: true, force: true }),
  };
}

/** Ends what processes that are gone left in an output folder: half-written results go, complete ones are moved on. */
export async function finishLeftovers(output: string): Promise<void> {
  for (const name of await readdir(output)) {
    const [, host, pid, state] = folderName.exec(name) ?? [];
    const path = join(output, name);
    if (state === undefined || !(await isAbandoned(path, host!, Number(pid)))) continue;
    await (state === "commit" ? moveOut(path, output) : rm(path, { recursive: true, force: true })).catch(
      (error: NodeJS.ErrnoException) => {
        if (!["EACCES", "EPERM"].includes(error.code ?? "")) throw error; // another user's
      },
    );
  }
}

/** Whether another host's process runs cannot be known: its folders are left alone for a day. */
async function isAbandoned(path: string, host: string, pid: number): Promise<boolean> {
  const changedMs = (await unlessGone(stat(path)))?.mtimeMs;
  if (changedMs === undefined) return false;
  if (host !== hostId()) return changedMs < Date.now() - dayMs;
  // In a container every process may have this number.
  if (pid === process.pid) return changedMs < Date.now() - 1000 * process.uptime();
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Moves all files and folders of a folder into another, over what is there; several processes may do so at once. */
async function moveOut(from: string, to: string): Promise<void> {
  for (const entry of (await unlessGone(readdir(from, { withFileTypes: true }))) ?? []) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await mkdir(target, { recursive: true });
      await moveOut(source, target);
    } else await unlessGone(moveFile(source, target));
  }
  await unlessGone(rmdir(from));
}

async function moveFile(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error; // a folder of the output on another disk
    await copyFile(source, target);
    await rm(source);
  }
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Where the number of a process means that process: this host, and on Linux this namespace of processes. */
function hostId(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Other systems have one namespace.
  }
  return createHash("sha256").update(`${hostname()} ${namespace}`).digest("hex").slice(0, 8);
}
