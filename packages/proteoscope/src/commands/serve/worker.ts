// `proteoscope worker`: takes the jobs of a shared PostgreSQL database for one model until it is stopped. Any number of them
// on any number of machines share the work. A server starts one of its own, which takes its orders from it.

import type { Runtime } from "@proteoscope/engine";
import type { FileSource } from "@proteoscope/models";
import type { Database, JobSource, WorkTools } from "@proteoscope/server";
import type { ArgsDef, ParsedArgs } from "citty";
import { type CommandContext, defineCommand, type sharedArgs } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { showProgress } from "../../cli/progress.ts";
import { openModel, withRuntime } from "../../model-folder.ts";
import { packageVersion } from "../../package-files.ts";
import { modelArgs } from "../arguments/model-argument.ts";

/** Options of `worker`, which `serve` has as well and gives to the worker that it starts. */
export const workerArgs = {
  data: {
    type: "string",
    valueHint: "folder",
    description: "Data folder of `serve`, whose jobs are taken as well; those of screens alone when absent",
  },
  index: {
    type: "string",
    valueHint: "folder",
    description: "Index of images that the page and its jobs search, made by retrieve --build",
  },
  ...modelArgs,
} as const satisfies ArgsDef;

type WorkerArguments = ParsedArgs<typeof workerArgs & typeof sharedArgs>;

export const workerCommand = defineCommand({
  name: "worker",
  description: "Take jobs of a shared PostgreSQL database (DATABASE_URL) until it is stopped",
  args: workerArgs,
  notes: [
    "Any number of workers on any number of machines share one database. Each takes jobs of its own model alone. What a",
    "killed worker was at, another takes up after ten seconds.",
  ],
  examples: [
    "DATABASE_URL=postgresql://lab@db.example.org/proteoscope proteoscope worker",
    "DATABASE_URL=postgresql://lab@db.example.org/proteoscope proteoscope worker --data /shared/microscope",
    "DATABASE_URL=postgresql://lab@db.example.org/proteoscope proteoscope worker --model models/mine",
  ],
  savesAtInterrupt: true,
  async run(args, { env, stdout, stderr, signal }) {
    const folder = await openModel(args.model, env);
    const { openDatabase, parentVariable } = await import("@proteoscope/server");
    if (env[parentVariable] === "1") return workForParent(args, folder, signal);
    const { DATABASE_URL: url } = env;
    if (url === undefined || url === "")
      throw new CommandError("DATABASE_URL is not set: it names the database of the jobs", exitCodes.usage);
    const database = await openDatabase(url);
    try {
      const records = await withRuntime(args.device, (runtime) =>
        takeJobs(args, { runtime, folder, database, stderr, signal }),
      );
      if (args.json) printJson(stdout, { records });
      else printLines(stdout, `${records} records`);
    } finally {
      await database.close();
    }
    return exitCodes.ok;
  },
});

interface Workplace extends Pick<CommandContext, "stderr" | "signal"> {
  readonly runtime: Runtime;
  readonly folder: FileSource;
  readonly database: Database;
}

/** Takes jobs until the signal; returns the number of records of screens. */
async function takeJobs(
  args: WorkerArguments,
  { runtime, folder, database, stderr, signal }: Workplace,
): Promise<number> {
  const { openMicroscope, readModel } = await import("@proteoscope/microscope");
  const { openQueue, queueName, runWorker } = await import("@proteoscope/server");
  const progress = showProgress(stderr);
  let records = 0;
  try {
    const tools = args.data === undefined ? undefined : await openTools(args, runtime, folder);
    const microscope = tools?.microscope ?? openMicroscope(runtime, await readModel(folder));
    const { model } = microscope;
    const queue = await openQueue(database, queueName(model.checksums));
    printLines(stderr, `waiting for jobs of ${model.name} (${queue.name})`);
    const onRecords = (done: number): void => {
      records = done;
      progress.show({ phase: "worker", done, total: Infinity, unit: "records" });
    };
    const onNotice = (line: string): void => printLines(stderr, line);
    const others = tools === undefined ? [] : [await pageJobs(database, queue.boss, tools)];
    const options = { microscope, signal, onRecords, onNotice, others };
    await runWorker(database, queue, options).finally(queue.close);
  } finally {
    progress.close();
  }
  return records;
}

/** The jobs of `serve`. */
async function pageJobs(
  database: Database,
  boss: Parameters<typeof import("@proteoscope/server").openJobQueue>[1],
  tools: WorkTools,
): Promise<JobSource> {
  const { jobQueueName, jobSource, jobWork, openJobQueue } = await import("@proteoscope/server");
  const { name } = await openJobQueue(database, boss, jobQueueName(tools.microscope.model.checksums), false);
  return jobSource(database, name, jobWork(tools));
}

/** Does what the server orders that has started this process. */
async function workForParent(args: WorkerArguments, folder: FileSource, signal: AbortSignal) {
  const { serveParent } = await import("@proteoscope/server");
  await withRuntime(args.device, async (runtime) =>
    serveParent(await openTools(args, runtime, folder), signal),
  );
  return exitCodes.ok;
}

async function openTools({ data, index }: WorkerArguments, runtime: Runtime, folder: FileSource) {
  const { filesFolder, openFileStore, openWorkTools } = await import("@proteoscope/server");
  return openWorkTools({
    ...{ runtime, folder, files: await openFileStore(filesFolder(data!)) },
    software: { proteoscope: packageVersion(), node: process.version },
    readIndex: index === undefined ? undefined : async () => (await readIndex(index)).items,
  });
}

async function readIndex(path: string) {
  const { readIndexFolder } = await import("../../retrieval-index.ts");
  return readIndexFolder(path);
}
