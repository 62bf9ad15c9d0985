// `proteoscope models pull`: a model of the Hugging Face Hub into the cache that all tools share. Interrupted downloads
// go on where they ended; every file is compared with its hash; the licence is printed the first time.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { listBriefly, ProteoscopeError } from "@proteoscope/formats";
import { createFolder } from "@proteoscope/formats/node";
import {
  defaultRevision,
  findSnapshot,
  isConfined,
  isModelName,
  pullModel,
  repositoryFolder,
} from "@proteoscope/models/node";
import type { ArgsDef, ParsedArgs } from "citty";
import { cacheFolders } from "../../cache-folders.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { type Progress, startProgress } from "../../cli/progress.ts";

const pullArgs = {
  model: { type: "positional", description: "<owner>/<name>, as the Hub names it", required: true },
  revision: {
    type: "string",
    valueHint: "name",
    default: defaultRevision,
    description: "A branch, a tag or a commit",
  },
  offline: { type: "boolean", description: "Use what the cache has, as with HF_HUB_OFFLINE=1" },
  endpoint: {
    type: "string",
    valueHint: "url",
    description: "The Hub or a mirror; by default HF_ENDPOINT, else https://huggingface.co",
  },
  all: { type: "boolean", description: "Also the weights for other frameworks" },
} as const satisfies ArgsDef;

type PullArguments = ParsedArgs<typeof pullArgs>;

interface Pulled {
  readonly path: string;
  readonly downloadedBytes: number;
  readonly leftOut?: readonly string[];
}

export const modelsPullCommand = defineCommand({
  name: "pull",
  description: "Fetch a model of the Hugging Face Hub into the shared cache",
  args: pullArgs,
  examples: [
    "proteoscope models pull facebook/esm2_t6_8M_UR50D",
    "HF_TOKEN=... proteoscope models pull owner/gated --revision v1.0",
    "proteoscope models run facebook/esm2_t6_8M_UR50D --input in.safetensors -o out.safetensors",
  ],
  async run(args, context) {
    const { model: name, revision } = args;
    if (!isModelName(name)) throw usage(`"${name}" is no model of the Hub: those are named <owner>/<name>`);
    if (!isConfined(revision)) throw usage(`"${revision}" is no branch, tag or commit`);
    const { env, stdout, stderr } = context;
    const isOffline = args.offline || isTrue(env.HF_HUB_OFFLINE);
    const found = isOffline ? await findCached(args, env) : await pull(args, context);
    const { leftOut = [] } = found;
    if (found.downloadedBytes > 0 && leftOut.length > 0)
      printLines(stderr, `left out, --all takes them: ${listBriefly(leftOut, 10)}`);
    if (args.json) printJson(stdout, { model: name, revision, ...found });
    else printLines(stdout, found.path);
    return undefined;
  },
});

/** @throws CommandError (not found) for what was never pulled. */
async function findCached(
  { model: name, revision }: PullArguments,
  env: CommandContext["env"],
): Promise<Pulled> {
  const { huggingFace } = cacheFolders(env);
  const path = await findSnapshot(huggingFace, name, revision);
  if (path !== undefined) return { path, downloadedBytes: 0 };
  throw new CommandError(
    `${name} at ${revision} is not in ${huggingFace}: pull it once without --offline and HF_HUB_OFFLINE`,
    exitCodes.notFound,
  );
}

/** Fetches what the cache lacks; the licence is printed where it was not before. */
async function pull(args: PullArguments, { stderr, env, signal }: CommandContext): Promise<Pulled> {
  const { model: name, revision } = args;
  const endpoint = parseEndpoint(args.endpoint ?? (env.HF_ENDPOINT || "https://huggingface.co"));
  const caches = cacheFolders(env);
  let progress: Progress | undefined;
  const request = { name, revision, hubFolder: caches.huggingFace, all: args.all === true };
  const hub = { endpoint, token: env.HF_TOKEN || undefined, signal };
  const pulling = pullModel(request, hub, {
    async onLicence(licence) {
      const shown = repositoryFolder(join(caches.proteoscope, "licences"), name);
      if (await isNew(shown, licence ?? "none"))
        printLines(stderr, `licence of ${name}: ${licence ?? "none is named"} (${endpoint}/${name})`);
    },
    onProgress(bytes, totalBytes, path) {
      progress ??= startProgress(`pull ${name}`, toMegabytes(totalBytes), { stream: stderr, unit: "MB" });
      progress.update(toMegabytes(bytes), path);
    },
  });
  return pulling.catch(addAdvice).finally(() => progress?.close());
}

function addAdvice(error: unknown): never {
  const advice = error instanceof ProteoscopeError ? advices[error.field ?? ""] : undefined;
  if (advice === undefined) throw error;
  throw new CommandError(`${(error as Error).message}; ${advice}`, exitCodes.failure, { cause: error });
}

/** What to do about a failure, by the field of the request that is at fault. */
const advices: Readonly<Record<string, string>> = {
  token: "set HF_TOKEN to a token that may read it",
  hubFolder: "HF_HUB_CACHE names the folder",
};

function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1e5) / 10;
}

/** Stores the licence that was printed, and returns whether another one, or none, was stored before. */
async function isNew(path: string, licence: string): Promise<boolean> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === licence) return false;
  await createFolder(dirname(path));
  await writeFile(path, licence);
  return true;
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol))
    throw usage(`the endpoint "${text}" is no http address, such as https://huggingface.co`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** As huggingface_hub reads its switches. */
function isTrue(value: string | undefined): boolean {
  return ["1", "on", "yes", "true"].includes((value ?? "").toLowerCase());
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
