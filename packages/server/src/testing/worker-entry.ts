// A process that works for a server of a test, with the tiny model: `node --import tsx worker-entry.ts FILES`. With DATABASE_URL
// it takes the jobs of that database instead, as `proteoscope worker` does.

import { openRuntime } from "@proteoscope/engine/node";
import { memoryFolder } from "@proteoscope/models";
import { openDatabase } from "../db/database.ts";
import { openFileStore } from "../files/file-store.ts";
import { jobQueueName, openJobQueue } from "../jobs/job-queue.ts";
import { jobSource } from "../jobs/run-job.ts";
import { takeJobs } from "../jobs/take-jobs.ts";
import { serveParent } from "../process/serve-parent.ts";
import { startBoss } from "../queue.ts";
import { openWorkTools } from "../work/tools.ts";
import { jobWork } from "../work/work.ts";
import { tinyModelFiles } from "./tiny-model-files.ts";

const runtime = await openRuntime({ device: "cpu", threads: 1 });
const folder = memoryFolder(tinyModelFiles(), "tiny");
const tools = await openWorkTools({
  ...{ runtime, folder, files: await openFileStore(process.argv[2]!) },
  software: { test: "1" },
});
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const { DATABASE_URL: url } = process.env;
if (url === undefined) await serveParent(tools, stop.signal);
else {
  const database = await openDatabase(url);
  const boss = await startBoss(database);
  const { name } = await openJobQueue(database, boss, jobQueueName(tools.microscope.model.checksums), false);
  await takeJobs(database, boss, [jobSource(database, name, jobWork(tools))], { signal: stop.signal });
}
process.exit(0);
