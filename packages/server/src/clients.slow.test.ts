// Twenty clients for a while: their requests stay fast while jobs run, and the server's memory stays flat. A minute by default;
// PROTEOSCOPE_CLIENT_SECONDS=3600 for an hour.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { killProcess, type ServerProcess, startServerProcess } from "./testing/start-server.ts";

const seconds = Number(process.env.PROTEOSCOPE_CLIENT_SECONDS ?? 60);
vi.setConfig({ testTimeout: (seconds + 120) * 1000 });

let data: string;
let server: ServerProcess;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "proteoscope-clients-"));
  server = await startServerProcess(data);
  while ((await fetch(`${server.url}/readyz`)).status !== 200) await sleep(200);
}, 120_000);
afterAll(async () => {
  await killProcess(server.child);
  await sleep(500);
  await rm(data, { recursive: true });
});

/** Resident memory of the server in MiB. */
async function residentMemory(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.skipIf(process.platform !== "linux")("twenty clients", () => {
  it("get fast answers while jobs run, from a process that does not grow", async () => {
    const isBusy = loadavg()[0]! > availableParallelism();
    const durations: number[] = [];
    const failures: string[] = [];
    const memory: number[] = [];
    let isOver = false;
    const ask = async (path: string, init?: RequestInit): Promise<void> => {
      const start = performance.now();
      const response = await fetch(`${server.url}/api/v1${path}`, init);
      await response.arrayBuffer();
      durations.push(performance.now() - start);
      if (response.status >= 400) failures.push(`${path} ${response.status}`);
    };
    const paths = ["/jobs?limit=20", "/meta", "/proteins?query=k", "/nuclei", "/proteins/known"];
    const client = async (index: number): Promise<void> => {
      for (let round = 0; !isOver; round++) {
        await ask(paths[(index + round) % paths.length]!);
        if (index < 4 && round % 100 === 50) await ask("/jobs", submission(`client${index}`));
        if (index === 0 && round % 200 === 199) await ask("/jobs", { method: "DELETE" });
        await sleep(200);
      }
    };
    const clients = Promise.all(Array.from({ length: 20 }, (_, index) => client(index)));
    for (let second = 0; second < seconds; second++) {
      await sleep(1000);
      memory.push(await residentMemory());
    }
    isOver = true;
    await clients;
    const sorted = durations.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * sorted.length)]!;
    const early = mean(memory.slice(seconds / 4, seconds / 2));
    const late = mean(memory.slice(-seconds / 4));
    console.log(
      `${durations.length} requests in ${seconds} s, median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms` +
        `${isBusy ? " on a machine that computes something else" : ""}; resident ${early.toFixed(0)}, then ${late.toFixed(0)} MiB`,
    );
    expect(failures).toEqual([]);
    expect(late).toBeLessThan(early + 30);
    if (!isBusy) expect(at(0.99)).toBeLessThan(50);
  });
});

function submission(id: string): RequestInit {
  const request = {
    proteins: [{ id, sequence: "MKTAYIAKQRQISFVKSHFS" }],
    nuclei: ["library:0"],
    samples: 1,
    steps: 20,
  };
  return {
    ...{ method: "POST", body: JSON.stringify({ kind: "generate", request }) },
    headers: { "content-type": "application/json" },
  };
}
