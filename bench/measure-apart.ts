// Measures a case in a process of its own, with the peer and whatever else it starts in one process group, so that an
// interrupt ends them all at once.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { BenchResult } from "./case.ts";
import type { CaseOptions } from "./measure-case.ts";

export interface ApartOptions extends Pick<CaseOptions, "device" | "threads" | "leastRuns"> {
  readonly signal?: AbortSignal;
  readonly onRound?: (round: number) => void;
}

const runCase = fileURLToPath(new URL("./run-case.ts", import.meta.url));

/** The result of the case of that name. @throws Error when its process fails, AbortError when `signal` aborts. */
export async function measureApart(
  name: string,
  { signal, onRound, ...options }: ApartOptions = {},
): Promise<BenchResult> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, ["--import", "tsx", runCase, name, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: process.platform !== "win32",
  });
  const end = (): void => killGroup(child);
  signal?.addEventListener("abort", end);
  process.on("exit", end);
  try {
    let result: BenchResult | undefined;
    const ended = once(child, "close");
    for await (const line of createInterface({ input: child.stdout })) {
      const message: { round: number } | { result: BenchResult } = JSON.parse(line);
      if ("round" in message) onRound?.(message.round);
      else result = message.result;
    }
    const [code, killedBy] = await ended;
    signal?.throwIfAborted();
    if (result === undefined || code !== 0)
      throw new Error(`${name} ended with ${killedBy ?? `code ${code}`} and without a result`);
    return result;
  } finally {
    signal?.removeEventListener("abort", end);
    process.off("exit", end);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
