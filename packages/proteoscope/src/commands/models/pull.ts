// `proteoscope models pull`: a model of the Hugging Face Hub into the cache that all tools share, or weights of other groups
// by the name of their release, wherever they are. Interrupted downloads go on where they ended; every file is compared with
// its hash; the licence is printed the first time, and that of a release accepted.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { listBriefly } from "@proteoscope/formats";
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
import { suggest } from "../../cli/arguments.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { addAdvice, describePlan, isTrue, parseEndpoint, pullProgress, sayPause } from "./pull-messages.ts";
import { pullRelease } from "./pull-release.ts";

const pullArgs = {
  model: {
    type: "positional",
    description:
      "<owner>/<name>, as the Hub names it, or a release such as cell-diff-hpa (models list --released)",
    required: true,
  },
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
    description:
      "The Hub or a mirror, or one of a release's bucket; by default HF_ENDPOINT, else https://huggingface.co",
  },
  "accept-licence": { type: "boolean", description: "Accept the licence of a release, once for all" },
  update: { type: "boolean", description: "Take other bytes of a release than those of its first download" },
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
  description: "Fetch a model of the Hugging Face Hub, or weights that another group released",
  args: pullArgs,
  examples: [
    "proteoscope models pull facebook/esm2_t6_8M_UR50D",
    "proteoscope models pull subcell-DNA-Protein --accept-licence",
    "HF_TOKEN=... proteoscope models pull owner/gated --revision v1.0",
    "proteoscope models run facebook/esm2_t6_8M_UR50D --input in.safetensors -o out.safetensors",
  ],
  async run(args, context) {
    const { model: name, revision } = args;
    const { findReleasedWeights, releasedWeights } = await import("@proteoscope/models/released");
    const release = findReleasedWeights(name);
    if (release !== undefined) return pullRelease(release, args, context);
    if (!isModelName(name))
      throw usage(
        `"${name}" is no model of the Hub: those are named <owner>/<name>; and no release${suggestRelease(
          name,
          releasedWeights.map((weights) => weights.name),
        )}`,
      );
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

/** The releases whose names hold the word, the one that is nearest to it, or where all are named. */
function suggestRelease(word: string, known: readonly string[]): string {
  const holding = known.filter((release) => release.toLowerCase().includes(word.toLowerCase()));
  if (holding.length > 0) return `: there are ${holding.join(", ")}`;
  return `: models list --released names those${suggest(word, known, "")}`;
}

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
  const progress = pullProgress(name, stderr);
  const request = { name, revision, hubFolder: caches.huggingFace, all: args.all === true };
  const hub = { endpoint, token: env.HF_TOKEN || undefined, signal, onPause: sayPause(stderr) };
  const pulling = pullModel(request, hub, {
    onPlan: (plan) => printLines(stderr, describePlan(name, plan)),
    async onLicence(licence) {
      const shown = repositoryFolder(join(caches.proteoscope, "licences"), name);
      if (await isNew(shown, licence ?? "none"))
        printLines(stderr, `licence of ${name}: ${licence ?? "none is named"} (${endpoint}/${name})`);
    },
    onProgress: progress.show,
  });
  return pulling.catch(addAdvice).finally(progress.close);
}

/** Stores the licence that was printed, and returns whether another one, or none, was stored before. */
async function isNew(path: string, licence: string): Promise<boolean> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === licence) return false;
  await createFolder(dirname(path));
  await writeFile(path, licence);
  return true;
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
