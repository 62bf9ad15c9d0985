// A worker: takes jobs of one model's queue until it is stopped. Killed at any moment, its job is given to another worker;
// results are rows with a key, so that a job that is done twice gives each record one result.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Microscope } from "@proteoscope/microscope";
import { type ScreenTools, screenProteins } from "@proteoscope/microscope/experiments";
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
  /** Called with one line when the database stops answering, and when it answers again. */
  readonly onNotice?: (line: string) => void;
}

const touchEveryMs = 2000;
const idleMs = 300;

/**
 * Takes jobs until the signal; the job that it is at then goes back to the queue. It waits for a database that does not
 * answer. @throws the database's errors at the beginning.
 */
export async function runWorker(
  database: Database,
  queue: Queue,
  { microscope, signal, onRecords, onNotice }: WorkerOptions,
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
  let isAnswering = true;
  const timer = setInterval(async () => {
    const failure = await upkeep().catch((error: Error) => error.message || "no connection");
    if (failure !== undefined && isAnswering) onNotice?.(`the database does not answer: ${failure}`);
    if (failure === undefined && !isAnswering) onNotice?.("the database answers again");
    isAnswering = failure === undefined;
  }, touchEveryMs);
  const tools = memoizeLast((screen: string) => toolsOf(database, microscope, screen));
  try {
    while (!signal.aborted) {
      // pg-boss gives no job where the database does not answer.
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
        // Where this fails as well, another worker takes the job up when this one is at another.
        await queue.boss
          .fail(queue.name, fetched.id, { message: (error as Error).message })
          .catch(() => undefined);
      }
      job = null;
    }
  } finally {
    clearInterval(timer);
    await deleteWorker(database, id).catch(() => undefined); // its silence says the same
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
