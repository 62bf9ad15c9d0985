// What other packages may use of @proteoscope/server: the server of the page, and a queue of jobs on PostgreSQL with the workers
// that take them. SQL stands in db/ alone.

export { type Database, openDatabase } from "./db/database.ts";
export { type FileStore, openFileStore } from "./files/file-store.ts";
export type { ServerLimits } from "./http/services.ts";
export { type JobQueue, jobQueueName, openJobQueue } from "./jobs/job-queue.ts";
export { jobSource } from "./jobs/run-job.ts";
export type { JobSource } from "./jobs/take-jobs.ts";
export type { ScreenRequest } from "./messages.ts";
export { parentVariable } from "./process/messages.ts";
export { serveParent } from "./process/serve-parent.ts";
export type { ExampleProtein } from "./proteins.ts";
export { openQueue, type Queue, type QueuedScreen, type QueueOptions, queueName } from "./queue.ts";
export { filesFolder, type RunningServer, type ServeOptions, startServer } from "./serve.ts";
export { openWorkTools, type WorkOptions, type WorkTools } from "./work/tools.ts";
export { jobWork } from "./work/work.ts";
export { runWorker, type WorkerOptions } from "./worker.ts";
