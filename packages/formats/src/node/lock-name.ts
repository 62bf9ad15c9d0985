// A name that the operating system gives to one process alone and takes back when that process ends, however it ends: an
// abstract Unix socket on Linux (unix(7)), a named pipe on Windows. It is called after a folder's device and inode, so that
// every path to the folder leads to the same name. Elsewhere, and in a sandbox that forbids it, there is none.

import { readFile, readlink, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { hostname } from "node:os";

/** The name of a folder, and `scope`, which differs between processes that do not see each other's names. */
export async function addressOf(folder: string): Promise<{ name: string; scope: string } | undefined> {
  const { dev, ino } = await stat(folder, { bigint: true });
  if (process.platform === "win32")
    return { name: `\\\\?\\pipe\\proteoscope-${dev}-${ino}`, scope: `${hostname()} ${dev}:${ino}` };
  if (process.platform !== "linux") return undefined;
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const namespace = await readlink("/proc/self/ns/net");
    return { name: `\0proteoscope-${dev}-${ino}`, scope: `${boot} ${namespace} ${dev}:${ino}` };
  } catch {
    return undefined; // no /proc
  }
}

/** Holds a name until `closeName` or the end of the process; undefined where the system gives none. */
export async function holdName(name: string): Promise<Server | "taken" | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.on("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "EADDRINUSE" ? "taken" : undefined);
    });
    server.listen(name, () => resolve(server.unref()));
  });
}

/** Gives a name back. */
export function closeName(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
}
