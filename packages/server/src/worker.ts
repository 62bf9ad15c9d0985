// A worker: takes jobs of one model's queues until it is stopped. Killed at any moment, its job is given to another worker;
// results are rows with a key, so that a job that is done twice gives each record one result.

import type { Microscope } from "@proteoscope/microscope";
import { type ScreenTools, screenProteins } from "@proteoscope/microscope/experiments";
import type { Database } from "./db/database.ts";
import { findDonePlaces, findScreen, insertResult } from "./db/screens.ts";
import { type JobSource, takeJobs } from "./jobs/take-jobs.ts";
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
  /** Further queues that it takes jobs of. */
  readonly others?: readonly JobSource[] | undefined;
}

/**
 * Takes jobs until the signal; the job that it is at then goes back to the queue. It waits for a database that does not
 * answer. @throws the database's errors at the beginning.
 */
export async function runWorker(
  database: Database,
  queue: Queue,
  { microscope, signal, onRecords, onNotice, others = [] }: WorkerOptions,
): Promise<void> {
  let done = 0;
  const tools = memoizeLast((screen: string) => toolsOf(database, microscope, screen));
  const count = () => onRecords?.(++done);
  const screens: JobSource = {
    name: queue.name,
    run: ({ data }) => doJob(database, data, { tools, signal, count }),
  };
  await takeJobs(database, queue.boss, [screens, ...others], { signal, onNotice });
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
