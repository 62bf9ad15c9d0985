// `proteoscope models list`: the checkpoints this machine has: the model that ships, what other tools left in the cache of
// Hugging Face (hub/models--<owner>--<name>/snapshots/<revision>), and releases of other groups. Each with its licence and what it
// was trained on, where that is known. Nothing is loaded and nothing fetched.
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { printable } from "@proteoscope/formats/printable";
import type { ReleasedWeights } from "@proteoscope/models/released";
import { cacheFolders } from "../../cache-folders.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { findShipped, shippedModelName } from "../../package-files.ts";

export interface ListedModel {
  readonly name: string;
  readonly source: "shipped" | "Hugging Face cache" | "release";
  /** The name by which commands take it, where it is a release of another group. */
  readonly release?: string;
  /** What its configuration says it is, such as "esm" or "UNet2DConditionModel". */
  readonly kind: string;
  readonly path: string;
  readonly bytes: number;
  /** As its card or its makers name it; undefined where neither does. */
  readonly licence: string | undefined;
  readonly trainedOn: string | undefined;
  /** Whether it was trained on the protein that was asked for, in words. */
  readonly protein?: string;
}

export const modelsListCommand = defineCommand({
  name: "list",
  description:
    "The checkpoints on this machine: what ships, what the cache of Hugging Face holds, and releases",
  args: {
    released: {
      type: "boolean",
      description:
        "Instead all weights of other groups that run here: size, licence, training, and whether they are on this machine",
    },
    protein: {
      type: "string",
      valueHint: "name",
      description: "Gene symbol or accession: whether each was trained on it, where that is known",
    },
  },
  examples: [
    "proteoscope models list",
    "proteoscope models list --protein FBL",
    "proteoscope models list --released",
  ],
  async run(args, { stdout, stderr, env }) {
    if (args.released) {
      const { architectureTitles } = await import("@proteoscope/models");
      const released = await findAllReleased(env);
      if (args.json) printJson(stdout, { released });
      else
        printLines(
          stdout,
          ...released.flatMap((weights) =>
            describeReleased(weights, architectureTitles[weights.architecture]),
          ),
        );
      return undefined;
    }
    const caches = cacheFolders(env);
    const found = [
      ...(await listModels(findShipped(join("checkpoints", shippedModelName)), caches.huggingFace)),
      ...(await listReleases(caches.released)),
    ];
    const models =
      args.protein === undefined
        ? found
        : await Promise.all(found.map((model) => withProtein(model, args.protein!)));
    if (args.json) printJson(stdout, { models });
    else if (models.length === 0)
      printLines(stderr, "no models: none ships with this installation, the cache has none");
    else printLines(stdout, ...models.flatMap(describe));
    return undefined;
  },
});

/** The shipped model, then those of a Hugging Face hub folder by name; folders without a configuration and without weights are left out. */
export async function listModels(shippedPath: string | undefined, hubFolder: string): Promise<ListedModel[]> {
  const models: ListedModel[] = [];
  if (shippedPath !== undefined) {
    const shipped = await examine(shippedPath, shippedModelName, "shipped");
    if (shipped) models.push(shipped);
  }
  for (const folder of (await namesIn(hubFolder)).filter((name) => name.startsWith("models--"))) {
    const name = folder.slice("models--".length).replaceAll("--", "/");
    for (const revision of await namesIn(join(hubFolder, folder, "snapshots"))) {
      const path = join(hubFolder, folder, "snapshots", revision);
      const model = await examine(path, name, "Hugging Face cache");
      if (model) models.push(model);
    }
  }
  return models;
}

/** Files of weights, of which some groups release nothing else. */
const weights = /\.(safetensors|bin|pt|pth|ckpt)$/;

async function examine(
  path: string,
  name: string,
  source: ListedModel["source"],
): Promise<ListedModel | undefined> {
  const release = await releaseOf(name);
  const file = ["model_index.json", "config.json"].map((config) => join(path, config)).find(existsSync);
  const entries = await readdir(path, { recursive: true });
  if (file === undefined && !entries.some((entry) => weights.test(entry))) return undefined;
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const found = await stat(join(path, entry)).catch(() => undefined); // a link to a download that was not finished
      return found?.isFile() ? found.size : 0;
    }),
  );
  return {
    name,
    source,
    kind: file === undefined ? (release?.architecture ?? "without a configuration") : await readKind(file),
    ...(release && { release: release.name }),
    path,
    bytes: sizes.reduce((total, size) => total + size, 0),
    licence: (await readCardLicence(path)) ?? release?.weightsLicence,
    trainedOn: release?.trainedOn,
  };
}

/** Releases that came from buckets, whole. */
async function listReleases(releasedFolder: string): Promise<ListedModel[]> {
  const { findReleased, readRecord } = await import("@proteoscope/models/node");
  const { releasedWeights } = await import("@proteoscope/models/released");
  const models: ListedModel[] = [];
  for (const weights of releasedWeights.filter(({ place }) => place.kind === "bucket")) {
    const path = await findReleased(weights, { hubFolder: "", releasedFolder });
    if (path === undefined) continue;
    const { files, licence } = await readRecord(releasedFolder, weights.name);
    models.push({
      ...{ name: weights.name, release: weights.name, source: "release", kind: weights.architecture, path },
      bytes: Object.values(files).reduce((total, { bytes }) => total + bytes, 0),
      licence: licence?.text ?? weights.weightsLicence,
      trainedOn: weights.trainedOn,
    });
  }
  return models;
}

type FoundWeights = ReleasedWeights & {
  /** Where they are on this machine, where they were pulled. */
  readonly path?: string;
};

/** All released weights that run here, with the place of those that are on this machine. */
async function findAllReleased(env: CommandContext["env"]): Promise<FoundWeights[]> {
  const { findReleased } = await import("@proteoscope/models/node");
  const { releasedWeights } = await import("@proteoscope/models/released");
  const { huggingFace: hubFolder, released: releasedFolder } = cacheFolders(env);
  return Promise.all(
    releasedWeights.map(async (weights) => {
      const path = await findReleased(weights, { hubFolder, releasedFolder });
      return { ...weights, ...(path !== undefined && { path }) };
    }),
  );
}

/** Adds whether a model was trained on a protein. */
async function withProtein(model: ListedModel, protein: string): Promise<ListedModel> {
  const release = await releaseOf(model.name);
  if (release !== undefined) return { ...model, protein: release.trainingProteins };
  const { isTrainedOn } = await import("@proteoscope/models");
  const { openFolder } = await import("@proteoscope/models/node");
  const isTrained =
    model.source === "shipped" ? await isTrainedOn(openFolder(model.path), protein) : undefined;
  const known = isTrained ? `trained on ${protein}` : `never saw ${protein}`;
  return { ...model, protein: isTrained === undefined ? `not known for ${protein}` : known };
}

/** The release that a model of the Hub, or a name, is. */
async function releaseOf(name: string): Promise<ReleasedWeights | undefined> {
  const { releasedWeights } = await import("@proteoscope/models/released");
  return releasedWeights.find(
    (weights) => weights.name === name || (weights.place.kind === "hub" && weights.place.repository === name),
  );
}

/** The licence in the head of a model's card. */
async function readCardLicence(folder: string): Promise<string | undefined> {
  const card = await readFile(join(folder, "README.md"), "utf8").catch(() => "");
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? "";
  const named = /^license:[ \t]*(\S.*)$/m.exec(head)?.[1]?.trim();
  return named && printable(named).slice(0, 100);
}

async function readKind(configFile: string): Promise<string> {
  try {
    const config: Record<string, unknown> = JSON.parse(await readFile(configFile, "utf8"));
    return String(config._class_name ?? config.model_type ?? "unknown");
  } catch {
    return "unreadable";
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

function describeReleased(weights: FoundWeights, title: string): string[] {
  const { name, bytes, parameters, codeLicence, weightsLicence, trainedOn, source, trainingProteins, path } =
    weights;
  return [
    `${name}  ${title}, ${Math.round(parameters / 1e6)} M parameters, ${(bytes / 1e9).toFixed(2)} GB`,
    `  licence of the code ${codeLicence}; of the weights: ${weightsLicence}`,
    `  trained on ${trainedOn}; ${source}`,
    `  proteins: ${trainingProteins}`,
    path === undefined ? `  not here: proteoscope models pull ${name}` : `  here: ${path}`,
  ];
}

function describe({
  name,
  release = name,
  source,
  kind,
  path,
  bytes,
  licence,
  trainedOn,
  protein,
}: ListedModel): string[] {
  return [
    `${name === release ? name : `${name} (${release})`}  ${kind}, ${(bytes / 1e6).toFixed(1)} MB, ${source}`,
    `  licence ${licence ?? "not named"}; trained on ${trainedOn ?? "what its card says"}`,
    ...(protein === undefined ? [] : [`  ${protein}`]),
    `  ${path}`,
  ];
}
