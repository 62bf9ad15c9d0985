// Jobs of screens on PostgreSQL, by pg-boss: a process sends records and takes the results in their order, workers on any
// number of machines do them. Each model has a queue, so that no worker is given a job of another model.
//
//     const queue = await openQueue(database, await queueName(model.checksums));
//     for await (const result of queue.screen({ id, request, first: 0 }, inputs, { signal })) await folder.append(result);

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ScreenInput, ScreenResult } from "@proteoscope/microscope/experiments";
import PgBoss from "pg-boss";
import type { Database } from "./db/database.ts";
import { deleteResults, deleteScreen, findResults, insertScreen, keptDays } from "./db/screens.ts";
import { decodeResult, encodeJob, encodeRequest, type ScreenRequest } from "./messages.ts";

/** A screen whose records are sent. */
export interface QueuedScreen {
  /** UUID; the same after the process that sends was killed, so that what workers did meanwhile is found. */
  readonly id: string;
  readonly request: ScreenRequest;
  /** Place of the first record that is given. */
  readonly first: number;
}

/** Options of `screen`. */
export interface QueueOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when nothing has come for a while. */
  readonly onSilence?: (() => void) | undefined;
  /** The while, in milliseconds. Default 10,000. */
  readonly silenceMs?: number;
}

/** The jobs of one model. */
export interface Queue {
  readonly name: string;
  readonly boss: PgBoss;
  /** Sends records, a bounded number at a time, and gives their results in their order. @throws the database's errors. */
  screen(
    screen: QueuedScreen,
    inputs: AsyncIterable<ScreenInput>,
    options?: QueueOptions,
  ): AsyncGenerator<ScreenResult, void, undefined>;
  close(): Promise<void>;
}

/** Records of a job: with pictures one takes seconds, without them a fraction of one. */
const recordsPerJob = { withImages: 1, without: 16 };
/** Jobs that are sent and have no results yet. */
const mostJobs = 64;
/** How often a job is given to another worker. */
const retryLimit = 20;
const pollMs = 200;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const deadlock = "40P01";

/** The name of the queue of screens for a model with these checksums. */
export function queueName(checksums: Readonly<Record<string, string>>): string {
  return `screen-${modelDigest(checksums).slice(0, 16)}`;
}

/** SHA-256 of what `sha256sum` says of a model's files, by name. */
export function modelDigest(checksums: Readonly<Record<string, string>>): string {
  const lines = Object.keys(checksums)
    .sort()
    .map((path) => `${checksums[path]}  ${path}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/** Starts pg-boss on a database. */
export async function startBoss(database: Database): Promise<PgBoss> {
  const boss = new PgBoss({ db: database.forQueue, schedule: false, archiveCompletedAfterSeconds: 3600 });
  boss.on("error", () => undefined); // of its upkeep; what matters is thrown where it is asked for
  await boss.start();
  return boss;
}

/** Opens the queue of that name, and makes it where there is none. */
export async function openQueue(database: Database, name: string): Promise<Queue> {
  const boss = await startBoss(database);
  await createQueue(boss, name);
  return {
    name,
    boss,
    screen: (screen, inputs, options = {}) =>
      sendAndReceive({ database, boss, name, screen }, inputs, options),
    close: () => boss.stop({ graceful: false, wait: true }),
  };
}

/** Two that make a queue at once may be in each other's way; the one that PostgreSQL ends finds the other's. */
export async function createQueue(boss: PgBoss, name: string): Promise<void> {
  while ((await boss.getQueue(name)) === null) {
    const options = { name, retryLimit, expireInSeconds: 6 * 3600, retentionDays: keptDays };
    await boss.createQueue(name, options).catch((error: { code?: string }) => {
      if (error.code !== deadlock) throw error;
    });
  }
}

interface Sending {
  readonly database: Database;
  readonly boss: PgBoss;
  readonly name: string;
  readonly screen: QueuedScreen;
}

/** Records of a job without all their results yet. */
interface SentJob {
  readonly id: string;
  readonly first: number;
  readonly inputs: readonly ScreenInput[];
}

async function* sendAndReceive(
  sending: Sending,
  inputs: AsyncIterable<ScreenInput>,
  { signal, onSilence, silenceMs = 10_000 }: QueueOptions,
): AsyncGenerator<ScreenResult, void, undefined> {
  const { database, screen } = sending;
  const size = screen.request.images === null ? recordsPerJob.without : recordsPerJob.withImages;
  await insertScreen(database, screen.id, encodeRequest(screen.request));
  const chunks = chunksOf(inputs, size);
  const sent: SentJob[] = [];
  let next = screen.first;
  let end = screen.first;
  let isEnded = false;
  let heardMs = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    while (!isEnded && sent.length < mostJobs) {
      const chunk = await chunks.next();
      if (chunk.done === true) isEnded = true;
      else {
        sent.push(await send(sending, end, chunk.value));
        end += chunk.value.length;
      }
    }
    if (sent.length === 0) break;
    await deleteResults(database, screen.id, next);
    const before = next;
    for (const stored of await findResults(database, screen.id, { from: next, most: 4 * size })) {
      if (stored.place !== next) break;
      yield decodeResult(stored);
      next++;
    }
    while (sent.length > 0 && sent[0]!.first + sent[0]!.inputs.length <= next) sent.shift();
    if (next > before) heardMs = Date.now();
    else if (Date.now() - heardMs < silenceMs) await sleep(pollMs, undefined, { signal });
    else {
      const failure = await checkOldest(sending, sent[0]!, next);
      for (const refused of failure) yield refused;
      next += failure.length;
      if (failure.length === 0) onSilence?.();
      heardMs = Date.now();
    }
  }
  await deleteScreen(database, screen.id);
}

/** Sends a job; one that was sent before the process was killed stays as it is. */
async function send(
  { boss, name, screen }: Sending,
  first: number,
  inputs: readonly ScreenInput[],
): Promise<SentJob> {
  const id = jobId(screen.id, first, inputs.length);
  await boss.send(name, encodeJob({ screen: screen.id, first, inputs }), { id });
  return { id, first, inputs };
}

/**
 * The records of a job that failed as often as it may, from a place on, refused. A job that is lost, or done without results
 * because they were fetched by a process that was killed, is sent again.
 */
async function checkOldest(sending: Sending, job: SentJob, from: number): Promise<ScreenResult[]> {
  const { boss, name } = sending;
  const found = await boss.getJobById(name, job.id);
  if (found !== null && ["created", "retry", "active"].includes(found.state)) return [];
  if (found?.state !== "failed") {
    if (found !== null) await boss.deleteJob(name, job.id);
    await send(sending, job.first, job.inputs);
    return [];
  }
  const { message = "no reason given" } = (found.output ?? {}) as { message?: string };
  return job.inputs.slice(from - job.first).map((input) => {
    if (input.refused !== undefined) return input;
    const { id, file, line } = input.record;
    return { refused: { id, file, line, reason: `its job failed ${retryLimit + 1} times: ${message}` } };
  });
}

async function* chunksOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[], void, undefined> {
  let chunk: T[] = [];
  for await (const item of items) {
    if (chunk.push(item) < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** A UUID that is the same for the same records of a screen. */
function jobId(screen: string, first: number, count: number): string {
  const hex = createHash("sha256").update(`${screen} ${first} ${count}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
