// `proteoscope worker`: takes the jobs of a shared PostgreSQL database for one model until it is
// stopped. Any number of them on any number of machines share the work.

import type { ArgsDef } from "citty";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { printJson, printLines } from "../cli/print.ts";
import { showProgress } from "../cli/progress.ts";
import { openModel, withRuntime } from "../model-folder.ts";

const workerArgs = {
  model: { type: "string", valueHint: "folder", description: "Model folder; the shipped one when absent" },
} as const satisfies ArgsDef;

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
    "DATABASE_URL=postgresql://lab@db.example.org/proteoscope proteoscope worker --model models/mine",
  ],
  savesAtInterrupt: true,
  async run(args, { env, stdout, stderr, signal }) {
    const { DATABASE_URL: url } = env;
    if (url === undefined || url === "")
      throw new CommandError("DATABASE_URL is not set: it names the database of the jobs", exitCodes.usage);
    const folder = await openModel(args.model, env);
    const { openMicroscope, readModel } = await import("@proteoscope/microscope");
    const { openDatabase, openQueue, queueName, runWorker } = await import("@proteoscope/server");
    const database = await openDatabase(url);
    const progress = showProgress(stderr);
    let records = 0;
    try {
      await withRuntime(args.device, async (runtime) => {
        const model = await readModel(folder);
        const queue = await openQueue(database, queueName(model.checksums));
        printLines(stderr, `waiting for jobs of ${model.name} (${queue.name})`);
        const onRecords = (done: number): void => {
          records = done;
          progress.show({ phase: "worker", done, total: Infinity, unit: "records" });
        };
        const microscope = openMicroscope(runtime, model);
        const onNotice = (line: string): void => printLines(stderr, line);
        await runWorker(database, queue, { microscope, signal, onRecords, onNotice }).finally(queue.close);
      });
    } finally {
      progress.close();
      await database.close();
    }
    if (args.json) printJson(stdout, { records });
    else printLines(stdout, `${records} records`);
    return exitCodes.ok;
  },
});
