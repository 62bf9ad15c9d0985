// Keeps two processes out of one folder. A lock has two parts. One is a name that the operating system gives to one process
// alone and takes back when that process ends, however it ends: an abstract Unix socket on Linux (unix(7)), a named pipe on
// Windows, called after the folder's device and inode. The other is the file run.lock with a heartbeat, for whoever cannot
// see that name: another machine with the same disk, another container (names are per network namespace), macOS.
//
// Among processes that see the name, exclusion is exact, and the lock of a killed process is free at once. For all others a
// lock is free when its heartbeat has stood still for `patience` beats; no clocks are compared, a change of the file's time
// is enough. A holder that is suspended for longer than that looks dead to them.

import { randomUUID } from "node:crypto";
import { open, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ConfigError } from "../config/compose.ts";
import { writeWhole } from "./write-whole.ts";

export interface Lock {
  release(): Promise<void>;
}

export interface LockOptions {
  /** Milliseconds between heartbeats; default 3000. */
  readonly beatMs?: number;
}

const patience = 5; // beats
const fileName = "run.lock";

/** Locks a folder for this process. @throws ConfigError if a living process holds it. */
export async function lockFolder(folder: string, { beatMs = 3000 }: LockOptions = {}): Promise<Lock> {
  const path = join(folder, fileName);
  const address = await addressOf(folder);
  const holder = address && (await holdName(address.name));
  if (holder === "taken") throw inUse(folder, await readLock(path));
  try {
    const record = {
      id: randomUUID(),
      pid: process.pid,
      host: hostname(),
      address: holder && address?.scope,
    };
    const text = `${JSON.stringify(record)}\n`;
    await placeFile(path, text, { address: record.address, beatMs, folder });
    const beat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), beatMs);
    beat.unref();
    return {
      async release() {
        clearInterval(beat);
        if ((await readLock(path))?.text === text) await rm(path, { force: true });
        await closeName(holder);
      },
    };
  } catch (error) {
    await closeName(holder);
    throw error;
  }
}

const recordSchema = z.object({
  pid: z.int(),
  host: z.string().regex(/^[\w.-]+$/),
  /** The name that the holder held, where the system gives such names. */
  address: z.string().optional(),
});

interface LockFile {
  readonly text: string;
  readonly modifiedMs: number;
  /** What the file says about its holder; empty for a file of another kind. */
  readonly record: Partial<z.infer<typeof recordSchema>>;
}

/** Writes the file unless a living process has one there. */
async function placeFile(
  path: string,
  text: string,
  { address, beatMs, folder }: { address: string | undefined; beatMs: number; folder: string },
): Promise<void> {
  for (;;) {
    const before = await readLock(path);
    if (before === undefined) {
      const isFirst = await writeFile(path, text, { flag: "wx" }).then(() => true, ignore("EEXIST"));
      if (isFirst) return;
      continue;
    }
    // Whoever wrote the name that this process holds now is gone.
    const isGone = address !== undefined && before.record.address === address;
    if (!isGone && (await isBeating(path, before, beatMs))) throw inUse(folder, before);
    if ((await readLock(path))?.text !== before.text) continue;
    await writeWhole(path, text);
    if (isGone) return;
    await sleep(beatMs); // if another process took it over at the same time, the last one has it
    const after = await readLock(path);
    if (after?.text !== text) throw inUse(folder, after);
    return;
  }
}

/** Whether the file changes within a few heartbeats. */
async function isBeating(path: string, before: LockFile, beatMs: number): Promise<boolean> {
  for (let half = 0; half < 2 * patience; half++) {
    await sleep(beatMs / 2);
    const now = await readLock(path);
    if (now === undefined) return false;
    if (now.text !== before.text || now.modifiedMs !== before.modifiedMs) return true;
  }
  return false;
}

/** Opens the file, which makes a network disk look again where `stat` alone would not. */
async function readLock(path: string): Promise<LockFile | undefined> {
  const file = await open(path, "r").catch(ignore("ENOENT"));
  if (!file) return undefined;
  try {
    const { mtimeMs: modifiedMs } = await file.stat();
    const text = await file.readFile("utf8");
    return { text, modifiedMs, record: parseRecord(text) };
  } finally {
    await file.close();
  }
}

function parseRecord(text: string): LockFile["record"] {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The system's name of a folder's lock, and `scope`, which tells apart processes that do not see each other's names. */
async function addressOf(folder: string): Promise<{ name: string; scope: string } | undefined> {
  const { dev, ino } = await stat(folder, { bigint: true });
  if (process.platform === "win32")
    return { name: `\\\\?\\pipe\\proteoscope-${dev}-${ino}`, scope: `${hostname()} ${dev}:${ino}` };
  if (process.platform !== "linux") return undefined;
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const namespace = await readlink("/proc/self/ns/net");
    return { name: `\0proteoscope-${dev}-${ino}`, scope: `${boot} ${namespace} ${dev}:${ino}` };
  } catch {
    return undefined; // without /proc, by heartbeat alone
  }
}

/** Holds a name; undefined where the system gives none, as a sandbox may not. */
async function holdName(name: string): Promise<Server | "taken" | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.on("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "EADDRINUSE" ? "taken" : undefined);
    });
    server.listen(name, () => resolve(server.unref()));
  });
}

function closeName(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
}

function inUse(folder: string, file: LockFile | undefined): ConfigError {
  const { pid, host } = file?.record ?? {};
  const holder = pid === undefined ? "another process" : `process ${pid} on ${host}`;
  return new ConfigError(`${folder} is in use by ${holder}: wait for it, or stop it`);
}

function ignore(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
