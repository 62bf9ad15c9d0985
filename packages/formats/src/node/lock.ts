// Excludes all but one process from a folder. A lock has two parts: a name that the operating system takes back when its
// holder ends (lock-name.ts), and the file run.lock with a heartbeat, for whoever cannot see that name: another machine with
// the same disk, another container (names are per network namespace), macOS.
//
// Among processes that see the name, exclusion is exact, and the lock of a killed process is free at once. For all others a
// lock is free when its heartbeat has stood still for `patience` beats; no clocks are compared, a change of the file's time
// is enough. A holder that is suspended for longer than that looks dead to them.

import { randomUUID } from "node:crypto";
import { open, rm, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ProteoscopeError } from "../proteoscope-error.ts";
import { addressOf, closeName, holdName } from "./lock-name.ts";
import { writeWhole } from "./write-whole.ts";

/** A folder that this process holds. */
export interface Lock {
  release(): Promise<void>;
}

/** How a lock shows that its holder is alive. */
export interface LockOptions {
  /** Milliseconds between heartbeats; default 3000. */
  readonly beatMs?: number;
}

const patience = 5; // beats
const fileName = "run.lock";
const longestRecord = 4096; // bytes

/**
 * Locks a folder for this process. Where the last holder is out of sight, it waits for some heartbeats before it takes over.
 * @throws ProteoscopeError (usage) if a living process holds the folder
 */
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

/** What a holder writes about itself. */
interface LockRecord {
  readonly pid: number;
  readonly host: string;
  /** The name that the holder held, where the system gives such names. */
  readonly address?: string | undefined;
}

interface LockFile {
  readonly text: string;
  readonly modifiedMs: number;
  /** The holder that the file names; empty for a file of another kind. */
  readonly record: Partial<LockRecord>;
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
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestRecord));
    const text = buffer.toString("utf8", 0, bytesRead);
    return { text, modifiedMs, record: parseRecord(text) };
  } finally {
    await file.close();
  }
}

function parseRecord(text: string): LockFile["record"] {
  try {
    const { pid, host, address } = JSON.parse(text) as Record<keyof LockRecord, unknown>;
    const isRecord = Number.isSafeInteger(pid) && typeof host === "string" && /^[\w.-]+$/.test(host);
    if (!isRecord || (address !== undefined && typeof address !== "string")) return {};
    return { pid: pid as number, host, address };
  } catch {
    return {};
  }
}

function inUse(folder: string, file: LockFile | undefined): ProteoscopeError {
  const { pid, host } = file?.record ?? {};
  const holder = pid === undefined ? "another process" : `process ${pid} on ${host}`;
  return new ProteoscopeError(`${folder} is in use by ${holder}: wait for it, or stop it`, { kind: "usage" });
}

function ignore(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
