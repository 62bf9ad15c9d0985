// A server of a test in a process of its own, to be killed: `node --import tsx server-entry.ts DATA PORT`. It prints its
// address as JSON when it listens.

import { loadHomologs, memoryFolder } from "@proteoscope/models";
import { pino } from "pino";
import { startServer } from "../serve.ts";
import { spawnTestWorker } from "./spawn-worker.ts";
import { tinyModelFiles } from "./tiny-model-files.ts";

const [data = "", port = "0"] = process.argv.slice(2);
const server = await startServer({
  ...{ data, port: Number(port), examples: [], databaseUrl: process.env.DATABASE_URL },
  homologs: await loadHomologs(memoryFolder(tinyModelFiles(), "tiny")),
  spawnWorker: () => spawnTestWorker(data),
  log: pino({ level: "warn" }, process.stderr),
});
console.log(JSON.stringify({ url: server.url }));
process.once("SIGTERM", async () => {
  await server.close();
  process.exit(0);
});
