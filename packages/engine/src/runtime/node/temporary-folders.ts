/**
 * Temporary folders whose names say which process made them, so that a later one removes what a killed one left.
 *
 * A name is `<purpose>.<host>.<process id>.<six random letters>`. Process ids count within one host alone, where a
 * container is a host of its own; of another host's folders only the age is known.
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

const host = hostname().replaceAll(/[^\w-]/g, "_");
/** No process of another host works on a temporary folder for longer than this. */
const longestUseMs = 24 * 3_600_000;

/** Makes a folder of this process, which only its user may enter; `parent` must exist. */
export function makeTemporaryFolder(parent: string, purpose: string): Promise<string> {
  return mkdtemp(join(parent, `${purpose}.${host}.${process.pid}.`));
}

/** Removes the folders of this purpose whose processes have ended; what cannot be read or removed stays. */
export async function removeAbandonedFolders(parent: string, purpose: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const [, owner, id] = name.startsWith(`${purpose}.`)
      ? (/^([\w-]+)\.(\d+)\.\w{6}$/.exec(name.slice(purpose.length + 1)) ?? [])
      : [];
    if (owner === undefined) continue;
    const path = join(parent, name);
    const { mtimeMs } = (await stat(path).catch(() => undefined)) ?? { mtimeMs: Number.POSITIVE_INFINITY };
    if (isAbandoned({ owner, id: Number(id), mtimeMs }))
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

function isAbandoned({ owner, id, mtimeMs }: { owner: string; id: number; mtimeMs: number }): boolean {
  if (owner !== host) return Date.now() - mtimeMs > longestUseMs;
  // An earlier process may have had our id, in a container above all.
  if (id === process.pid) return mtimeMs < Date.now() - 1000 * process.uptime();
  return !isRunning(id);
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0); // signal 0 is sent to nobody
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
