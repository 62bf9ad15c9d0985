// A lock file, so that two processes never write one file of results. Its owner touches it while it lives; the lock of a
// process that is gone, here or on a machine that fell silent, is taken over.

import { readFileSync, rmSync, utimesSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { ProteoscopeError } from "@proteoscope/formats";

const touchEveryMs = 10_000;
const silentAfterMs = 60_000;

/** Takes the lock; the result gives it back. @throws ProteoscopeError (failure) while another process has it. */
export async function takeLock(path: string): Promise<() => void> {
  for (let attempt = 0; ; attempt++) {
    const handle = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    if (handle !== undefined) {
      await handle.writeFile(`${hostname()} ${process.pid}\n`);
      await handle.close();
      break;
    }
    const owner = await livingOwner(path);
    if (owner !== undefined || attempt > 2)
      throw new ProteoscopeError(`another process writes these results (${owner ?? "unknown"}, ${path})`, {
        ...{ kind: "failure", field: "output" },
      });
    await rm(path, { force: true });
  }
  const touch = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // The folder is gone, which the next write reports.
    }
  }, touchEveryMs);
  touch.unref();
  const release = (): void => {
    clearInterval(touch);
    process.off("exit", release);
    rmSync(path, { force: true });
  };
  process.once("exit", release);
  return release;
}

/** The owner's machine and process; undefined where it is gone. */
async function livingOwner(path: string): Promise<string | undefined> {
  const [found, text] = [await stat(path).catch(() => undefined), readText(path)];
  if (found === undefined || text === undefined) return undefined;
  const [host, pid] = text.trim().split(" ");
  const isSilent = found.mtimeMs < Date.now() - silentAfterMs;
  if (host !== hostname()) return isSilent ? undefined : `process ${pid} on ${host}`;
  // A process that was killed before it wrote its number leaves an empty file.
  if (pid === undefined || Number(pid) === process.pid) return undefined;
  try {
    process.kill(Number(pid), 0);
    return `process ${pid}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? undefined : `process ${pid}`;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
