// A worker: takes jobs of one model's queue until it is stopped. Killed at any moment, its job is given to another worker;
// results are rows with a key, so that a job that is done twice gives each record one result.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Microscope, type ScreenTools, screenProteins } from "@proteoscope/microscope";
import type { Database } from "./db/database.ts";
import { findDonePlaces, findScreen, insertResult } from "./db/screens.ts";
import { deleteWorker, findAbandonedJobs, touchWorker } from "./db/workers.ts";
import { decodeJob, decodeRequest, encodeResult, type ScreenRequest } from "./messages.ts";
import type { Queue } from "./queue.ts";

/** What a worker works with, and how it is stopped and watched. */
export interface WorkerOptions {
  readonly microscope: Microscope;
  readonly signal: AbortSignal;
  /** Called with the number of records that this worker has done. */
  readonly onRecords?: (done: number) => void;
}

const touchEveryMs = 2000;
const idleMs = 300;

/** Takes jobs until the signal. A job that it is at goes back to the queue. @throws the database's errors. */
export async function runWorker(
  database: Database,
  queue: Queue,
  { microscope, signal, onRecords }: WorkerOptions,
): Promise<void> {
  const id = randomUUID();
  let job: string | null = null;
  let done = 0;
  const touch = () => touchWorker(database, id, job);
  const upkeep = async (): Promise<void> => {
    await touch();
    for (const abandoned of await findAbandonedJobs(database, queue.name))
      await queue.boss.fail(queue.name, abandoned, { message: "its worker is gone" });
  };
  await touch();
  const timer = setInterval(() => void upkeep().catch(() => undefined), touchEveryMs);
  const tools = memoizeLast((screen: string) => toolsOf(database, microscope, screen));
  try {
    while (!signal.aborted) {
      const [fetched] = await queue.boss.fetch<object>(queue.name);
      if (fetched === undefined) {
        await sleep(idleMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      job = fetched.id;
      try {
        await touch();
        const count = () => onRecords?.(++done);
        await doJob(database, fetched.data, { tools, signal, count });
        await queue.boss.complete(queue.name, fetched.id);
      } catch (error) {
        await queue.boss.fail(queue.name, fetched.id, { message: (error as Error).message });
      }
      job = null;
    }
  } finally {
    clearInterval(timer);
    await deleteWorker(database, id);
  }
}

interface JobTools {
  readonly tools: (screen: string) => Promise<ScreenTools | undefined>;
  readonly signal: AbortSignal;
  readonly count: () => void;
}

async function doJob(database: Database, data: object, { tools, signal, count }: JobTools): Promise<void> {
  const { screen, first, inputs } = decodeJob(data);
  const using = await tools(screen);
  if (using === undefined) return; // nobody wants it any more
  const done = await findDonePlaces(database, screen, { from: first, count: inputs.length });
  const left = inputs
    .map((input, index) => ({ input, place: first + index }))
    .filter(({ place }) => !done.has(place));
  let index = 0;
  for await (const result of screenProteins(
    using,
    left.map(({ input }) => input),
    { signal },
  )) {
    const { input, place } = left[index++]!;
    await insertResult(database, screen, encodeResult(place, result, input.record?.nucleus !== undefined));
    count();
  }
}

/** What a screen asks for; undefined where it is gone. */
async function toolsOf(
  database: Database,
  microscope: Microscope,
  screen: string,
): Promise<ScreenTools | undefined> {
  const found = await findScreen(database, screen);
  if (found === undefined) return undefined;
  const { images }: ScreenRequest = decodeRequest(found);
  return { encoder: microscope, images: images === null ? undefined : { microscope, ...images } };
}

/** The function, with the result of its last argument kept; jobs of one screen follow each other. */
function memoizeLast<T>(find: (key: string) => Promise<T>): (key: string) => Promise<T> {
  let last: { readonly key: string; readonly value: T } | undefined;
  return async (key) => {
    if (last?.key !== key) last = { key, value: await find(key) };
    return last.value;
  };
}
