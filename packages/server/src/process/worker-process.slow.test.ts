// A process that works for this one: its calls, its death, its end.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProcessEndedError } from "../jobs/run-job.ts";
import { spawnTestWorker } from "../testing/spawn-worker.ts";
import { knownSequence } from "../testing/tiny-model-files.ts";
import { openWorkerProcess, type WorkerProcess } from "./worker-process.ts";

let data: string;
let worker: WorkerProcess;
const notices: string[] = [];
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "proteoscope-worker-"));
  worker = openWorkerProcess({ spawn: () => spawnTestWorker(data), onNotice: (line) => notices.push(line) });
});
afterAll(async () => {
  await worker.close();
  await rm(data, { recursive: true });
});

const reporter = { onProgress: () => undefined, onPreview: () => undefined };
const job = (steps: number) => ({
  kind: "generate",
  request: { proteins: [{ id: "a", sequence: knownSequence }], nuclei: ["library:0"], samples: 1, steps },
  inputs: null,
});
const never = new AbortController().signal;

describe("a process that works for a server", () => {
  it("says what it is, and answers", async () => {
    await expect(worker.calls.localize({ sequence: knownSequence, homologs: true })).rejects.toMatchObject({
      details: { status: 503 },
    });
    const { model, library } = await worker.ready();
    expect([model.name, library.nuclei.length, worker.isReady]).toEqual(["tiny", 3, true]);
    const found = await worker.calls.localize({ sequence: knownSequence, homologs: true });
    expect(found.known?.gene).toBe("KNOWN");
    await expect(worker.calls.localize({ sequence: "J", homologs: true })).rejects.toMatchObject({
      problem: { status: 422, kind: "data" },
    });
    const events: number[] = [];
    const previews: unknown[] = [];
    const { result } = await worker.run(
      job(10),
      { onProgress: ({ done }) => events.push(done), onPreview: (preview) => previews.push(preview) },
      never,
    );
    expect(events).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(previews).toMatchObject([2, 4, 6, 8].map((step) => ({ step, steps: 10 })));
    expect(result).toMatchObject({ cells: [{ protein: "a" }] });
  });

  it("gives a job up when it is cancelled", async () => {
    const cancelled = new AbortController();
    const running = worker.run(job(1000), reporter, cancelled.signal);
    await sleep(500);
    cancelled.abort();
    await expect(running).rejects.toThrow();
    expect(worker.started).toBe(1);
  });

  it("is replaced when it is killed, and what it was at is said to have ended", async () => {
    const running = worker.run(job(1000), reporter, never);
    const ended = expect(running).rejects.toBeInstanceOf(ProcessEndedError);
    await sleep(500);
    process.kill(worker.pid!, "SIGKILL");
    await ended;
    expect(worker.isReady).toBe(false);
    await worker.ready();
    expect([worker.isReady, worker.started]).toEqual([true, 2]);
    expect(notices).toEqual(["the worker process ended (SIGKILL); another one is started"]);
    expect((await worker.run(job(2), reporter, never)).result).toMatchObject({ refused: [] });
  });

  it("takes sixteen calls at a time", async () => {
    const calls = Array.from({ length: 40 }, () =>
      worker.calls.localize({ sequence: knownSequence, homologs: true }).then(
        () => 200,
        (error) => error.details.status as number,
      ),
    );
    const statuses = await Promise.all(calls);
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect(statuses.filter((status) => status === 503)).toHaveLength(24);
  });

  it("that does not start is an error", async () => {
    const broken = openWorkerProcess({
      spawn: () => spawnTestWorker(join("/dev/null", "nothing")),
      onNotice: () => undefined,
    });
    await expect(broken.ready()).rejects.toThrow("does not start");
    await broken.close();
  });
});
