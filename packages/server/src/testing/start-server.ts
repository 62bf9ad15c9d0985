// Starts server-entry.ts: a server of a test in a process of its own, which is killed without the test
// ending.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const entry = join(import.meta.dirname, "server-entry.ts");

/** A server that listens. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
}

/** Starts a server on a data folder and waits until it listens. */
export async function startServerProcess(
  data: string,
  port = 0,
  databaseUrl?: string,
): Promise<ServerProcess> {
  const child = spawnServer(data, port, databaseUrl);
  for await (const line of createInterface(child.stdout!)) {
    const { url } = JSON.parse(line) as { url: string };
    return { child, url, port: Number(new URL(url).port) };
  }
  throw new Error("the server did not start");
}

/** Starts a server, whatever becomes of it. */
export function spawnServer(data: string, port = 0, databaseUrl?: string): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env;
  return spawn(process.execPath, ["--import", "tsx", entry, data, String(port)], {
    env: databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Kills a process and waits for its end. */
export async function killProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
