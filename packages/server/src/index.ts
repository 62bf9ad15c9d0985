// What other packages may use of @proteoscope/server: a queue of jobs on PostgreSQL and the workers that take
// them. SQL stands in db/ alone.

export { type Database, openDatabase } from "./db/database.ts";
export type { ScreenRequest } from "./messages.ts";
export { openQueue, type Queue, type QueuedScreen, type QueueOptions, queueName } from "./queue.ts";
export { runWorker, type WorkerOptions } from "./worker.ts";
