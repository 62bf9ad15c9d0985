// `proteoscope models pull`: a model of the Hugging Face Hub into the cache that all tools share. Interrupted downloads
// go on where they ended; every file is held to its hash; the licence is shown when it is met for the first time.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import {
  defaultRevision,
  findSnapshot,
  isConfined,
  isModelName,
  pullModel,
  repositoryFolder,
} from "@proteoscope/models/node";
import { cacheFolders } from "../cache-folders.ts";
import { defineCommand } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { type Progress, startProgress } from "../cli/progress.ts";

export const modelsPullCommand = defineCommand({
  name: "pull",
  description: "Fetch a model of the Hugging Face Hub into the shared cache",
  args: {
    model: { type: "positional", description: "<owner>/<name>, as the Hub names it", required: true },
    revision: {
      type: "string",
      valueHint: "name",
      default: defaultRevision,
      description: "A branch, a tag or a commit",
    },
    offline: { type: "boolean", description: "Use what the cache has; HF_HUB_OFFLINE=1 says the same" },
    endpoint: {
      type: "string",
      valueHint: "url",
      description: "The Hub or a mirror; HF_ENDPOINT, else https://huggingface.co",
    },
    all: { type: "boolean", description: "Also the weights for other frameworks" },
  },
  examples: [
    "proteoscope models pull facebook/esm2_t6_8M_UR50D",
    "HF_TOKEN=... proteoscope models pull owner/gated --revision v1.0",
    "proteoscope models run facebook/esm2_t6_8M_UR50D --input in.safetensors -o out.safetensors",
  ],
  async run({ model: name, revision, ...args }, { stdout, stderr, env, signal }) {
    if (!isModelName(name)) throw usage(`"${name}" is no model of the Hub: those are named <owner>/<name>`);
    if (!isConfined(revision)) throw usage(`"${revision}" is no branch, tag or commit`);
    const caches = cacheFolders(env);
    const report = (found: { path: string; downloadedBytes: number }): undefined => {
      stdout.write(
        args.json ? `${JSON.stringify({ model: name, revision, ...found }, null, 2)}\n` : `${found.path}\n`,
      );
    };
    if (args.offline || isTrue(env.HF_HUB_OFFLINE)) {
      const path = await findSnapshot(caches.huggingFace, name, revision);
      if (path !== undefined) return report({ path, downloadedBytes: 0 });
      throw new CommandError(
        `${name} at ${revision} is not in ${caches.huggingFace}: pull it once without --offline and HF_HUB_OFFLINE`,
        exitCodes.notFound,
      );
    }
    const endpoint = parseEndpoint(args.endpoint ?? (env.HF_ENDPOINT || "https://huggingface.co"));
    let progress: Progress | undefined;
    try {
      const request = { name, revision, hubFolder: caches.huggingFace, all: args.all === true };
      const pulled = await pullModel(
        request,
        { endpoint, token: env.HF_TOKEN || undefined, signal },
        {
          async onLicence(licence) {
            const shown = repositoryFolder(join(caches.proteoscope, "licences"), name);
            if (await isNew(shown, licence ?? "none"))
              stderr.write(`licence of ${name}: ${licence ?? "none is named"} (${endpoint}/${name})\n`);
          },
          onProgress(bytes, totalBytes, path) {
            progress ??= startProgress(`pull ${name}`, toMegabytes(totalBytes), {
              stream: stderr,
              unit: "MB",
            });
            progress.update(toMegabytes(bytes), path);
          },
        },
      );
      progress?.close();
      const { leftOut, downloadedBytes } = pulled;
      if (downloadedBytes > 0 && leftOut.length > 0)
        stderr.write(
          `left out, --all takes them: ${leftOut.slice(0, 10).join(", ")}${leftOut.length > 10 ? ", ..." : ""}\n`,
        );
      return report(pulled);
    } catch (error) {
      const advice = error instanceof ProteoscopeError ? settings[error.field ?? ""] : undefined;
      if (advice === undefined) throw error;
      throw new CommandError(`${(error as Error).message}; ${advice}`, exitCodes.failure, { cause: error });
    } finally {
      progress?.close();
    }
  },
});

/** What to do about a failure, by the field of the request that is at fault. */
const settings: Readonly<Record<string, string>> = {
  token: "set HF_TOKEN to a token that may read it",
  hubFolder: "HF_HUB_CACHE names the folder",
};

function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1e5) / 10;
}

/** Remembers a licence, and says whether it was another one before. */
async function isNew(path: string, licence: string): Promise<boolean> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === licence) return false;
  await mkdir(dirname(path), { recursive: true });
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
