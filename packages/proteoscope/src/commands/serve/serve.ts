// `proteoscope serve`: the virtual microscope as a page, with its server, queue and database, on this machine or behind a
// lab's own proxy.

import { type ChildProcess, spawn } from "node:child_process";
import { basename, join } from "node:path";
import type { FileSource } from "@proteoscope/models";
import type { ArgsDef, ParsedArgs } from "citty";
import { dataFolder } from "../../cache-folders.ts";
import { parseInteger } from "../../cli/arguments.ts";
import { type CommandContext, defineCommand, type sharedArgs } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { openModel } from "../../model-folder.ts";
import { findPage } from "./page-folder.ts";
import { workerArgs } from "./worker.ts";

const serveArgs = {
  port: { type: "string", valueHint: "number", default: "8473", description: "Port; 0 is any that is free" },
  host: { type: "string", valueHint: "address", default: "127.0.0.1", description: "Address to listen at" },
  origin: {
    type: "string",
    valueHint: "url",
    description: "Address under which a proxy shows the page, such as https://lab.example.org",
  },
  token: {
    type: "string",
    valueHint: "word",
    description: "Token that requests must have; by default PROTEOSCOPE_TOKEN, and none where it is not set",
  },
  ...workerArgs,
  data: {
    ...workerArgs.data,
    description: "Folder of images and of the database; under XDG_DATA_HOME when absent",
  },
  open: { type: "enum", options: ["yes", "no"], default: "yes", description: "Open the page in the browser" },
  crops: {
    type: "string",
    valueHint: "set",
    description: "Data set whose recorded crops stand beside generated images, with their licences",
  },
} as const satisfies ArgsDef;

type ServeArguments = ParsedArgs<typeof serveArgs & typeof sharedArgs>;

export const serveCommand = defineCommand({
  name: "serve",
  description: "Show the virtual microscope as a page: type a protein, look at cells, change a residue",
  args: serveArgs,
  notes: [
    "Jobs and their images are kept in the data folder, which one server has at a time. Its database waits for no disk: a",
    "power cut can cost the last seconds of jobs, or the list of jobs; images are files of their own and stay.",
    "With DATABASE_URL jobs are in PostgreSQL instead, and `proteoscope worker --data` takes them on any number of machines",
    "that see the data folder (docs/serve.md). The log is one line of JSON per request, on standard error.",
  ],
  examples: [
    "proteoscope serve",
    "proteoscope serve --port 9000 --open no --data runs/microscope",
    "DATABASE_URL=postgresql://lab@db.example.org/proteoscope proteoscope serve --origin https://lab.example.org",
  ],
  savesAtInterrupt: true,
  async run(args, context) {
    const { stdout, stderr, signal } = context;
    const log = (await import("pino")).pino(
      { base: null, level: context.env.LOG_LEVEL || "info" },
      stderr as never,
    );
    const { server, address } = await start(args, context, log);
    try {
      if (args.json) printJson(stdout, { url: address, pid: process.pid });
      else printLines(stdout, `proteoscope is at ${address}`);
      if (args.open === "yes" && stdout.isTTY === true) openBrowser(address);
      await Promise.race([server.ready.then(() => aborted(signal)), aborted(signal)]);
    } finally {
      await server.close();
    }
    return exitCodes.ok;
  },
});

async function start(
  args: ServeArguments,
  { env, stderr, signal }: CommandContext,
  log: import("pino").Logger,
) {
  const port = parseInteger("port", args.port, { max: 65_535 });
  const { host, origin } = args;
  if (origin !== undefined && !URL.canParse(origin))
    throw new CommandError(
      `--origin is an address such as https://lab.example.org, got "${origin}"`,
      exitCodes.usage,
    );
  const token = args.token || env.PROTEOSCOPE_TOKEN || undefined;
  if (token === undefined && !["127.0.0.1", "::1", "localhost"].includes(host))
    printLines(stderr, `proteoscope: whoever reaches ${host} can use this server: --token asks for a token`);
  const folder = await openModel(args.model, env);
  const page = await findPage({ signal, onNotice: (line) => printLines(stderr, line) });
  if (page === undefined)
    printLines(stderr, "proteoscope: this installation has no page: only the API is served");
  const { loadHomologs } = await import("@proteoscope/models");
  const { startServer } = await import("@proteoscope/server");
  const { readExamples } = await import("../../proteins.ts");
  const data = args.data ?? join(dataFolder(env), "serve");
  const examples = (await readExamples()).map(({ record, names }) => ({
    ...{ symbol: names[0]!, accession: names[1]!, sequence: record.sequence },
    title: record.description,
  }));
  const server = await startServer({
    ...{ data, host, port, origin, token, page, examples, log },
    crops: await openCrops(args.crops),
    modelSize: await sizeOf(folder),
    databaseUrl: env.DATABASE_URL || undefined,
    homologs: await loadHomologs(folder),
    spawnWorker: () => spawnWorker(args, data, env),
  });
  const shown = origin ?? server.url;
  return { server, address: token === undefined ? shown : `${shown}/?token=${encodeURIComponent(token)}` };
}

async function openCrops(folder: string | undefined) {
  if (folder === undefined) return undefined;
  const { openRealCrops } = await import("@proteoscope/lab");
  return openRealCrops(folder);
}

async function sizeOf(folder: FileSource) {
  const { estimateMemory, measureModelSize } = await import("@proteoscope/microscope");
  const { fileBytes, tensorBytes } = await measureModelSize(folder);
  return { name: basename(folder.name), fileBytes, memoryBytes: estimateMemory(tensorBytes) };
}

/** The process that does the work: `proteoscope worker`, which takes orders from here. */
function spawnWorker(
  { model, device, index }: ServeArguments,
  data: string,
  env: CommandContext["env"],
): ChildProcess {
  const words = ["worker", "--data", data, "--device", device];
  if (model !== undefined) words.push("--model", model);
  if (index !== undefined) words.push("--index", index);
  return spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...words], {
    env: { ...env, PROTEOSCOPE_WORKS_FOR_PARENT: "1" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "advanced",
    detached: true, // an interrupt at the terminal is the server's to pass on
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** Opens the page; where there is no browser, its address was printed. */
function openBrowser(url: string): void {
  const programs: Partial<Record<NodeJS.Platform, string>> = { darwin: "open", win32: "explorer" };
  spawn(programs[process.platform] ?? "xdg-open", [url], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
