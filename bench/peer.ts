// The same work in Python: a script of `peers/` that waits for "run N" and answers with the milliseconds of N runs, so
// that its runs and ours can take turns. PROTEOSCOPE_PYTHON names the interpreter; where it or a library is missing,
// there is no peer.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { PeerWork } from "./case.ts";

export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Runs once and returns the milliseconds that the peer itself measured. */
  run(): Promise<number>;
  close(): Promise<void>;
}

export interface PeerOptions {
  readonly threads?: number;
  readonly python?: string;
}

/** Starts the peer and lets it prepare. @returns undefined where there is no Python, or it lacks a library. */
export async function openPeer(
  { script, work }: PeerWork,
  {
    threads = availableParallelism(),
    python = process.env.PROTEOSCOPE_PYTHON ?? "python3",
  }: PeerOptions = {},
): Promise<Peer | undefined> {
  const path = fileURLToPath(new URL(`./peers/${script}.py`, import.meta.url));
  const words = [path, String(threads), ...work.map(String)];
  const child = spawn(python, words, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {}); // a peer that has ended is reported where its answer is missing
  const nextLine = readLines(child, `the peer ${script}.py ${work.join(" ")}`);
  const isThere = await new Promise<boolean>((resolve) => {
    child.once("spawn", () => resolve(true));
    child.once("error", () => resolve(false));
  });
  if (!isThere) return undefined;
  const hello: { name: string; version: string } | { missing: string } = JSON.parse(await nextLine());
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  if ("missing" in hello) {
    await close();
    return undefined;
  }
  return {
    ...hello,
    async run() {
      child.stdin.write("run 1\n");
      const answer = await nextLine();
      const ms = Number(answer);
      if (!(ms > 0)) throw new Error(`the peer ${script}.py answered "${answer}", not milliseconds`);
      return ms;
    },
    close,
  };
}

/** The lines of a process one by one; asking for one more than there are is an error. */
function readLines(
  child: ChildProcessByStdio<Writable, Readable, null>,
  name: string,
): () => Promise<string> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${name} ended before it answered; what it said stands above`);
    return value;
  };
}
