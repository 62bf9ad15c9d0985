// `proteoscope serve` as users run it, with the shipped model: in a process of its own, which a test kills and starts again
// on the same data.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Job, JobSummary } from "@proteoscope/server/api";
import { repositoryRoot } from "../../architecture/repository.ts";

const program = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");

/** A server that listens. */
export interface PageServer {
  readonly url: string;
  /** Kills it as a crash does. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts a server on a data folder, with an embedded database. Port 0 is any that is free. */
export async function startPageServer(data: string, port = 0): Promise<PageServer> {
  const { DATABASE_URL: _, PROTEOSCOPE_TOKEN: __, ...env } = process.env;
  const options = ["--device", "cpu", "--open", "no", "--json", "--data", data, "--port", String(port)];
  const child = spawn(process.execPath, [program, "serve", ...options], {
    env: { ...env, LOG_LEVEL: "warn" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  for await (const line of createInterface(child.stdout)) {
    printed += line;
    if (line === "}") break;
  }
  if (printed === "") throw new Error("the server ended before it listened");
  const { url } = JSON.parse(printed) as { url: string };
  return { url, kill: () => end(child, "SIGKILL"), stop: () => end(child, "SIGTERM") };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Asks the API. */
export async function askApi<T>(server: PageServer, path: string): Promise<T> {
  const response = await fetch(`${server.url}/api/v1${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** The jobs of a server, the newest first. */
export async function listJobs(server: PageServer): Promise<readonly JobSummary[]> {
  return (await askApi<{ jobs: JobSummary[] }>(server, "/jobs?limit=100")).jobs;
}

/** The newest job with its result. */
export async function newestJob(server: PageServer): Promise<Job> {
  const [newest] = await listJobs(server);
  return askApi<Job>(server, `/jobs/${newest!.id}`);
}

/** A plane of raw values. */
export async function readPlane(server: PageServer, address: string): Promise<Float32Array> {
  return new Float32Array(await (await fetch(server.url + address)).arrayBuffer());
}
