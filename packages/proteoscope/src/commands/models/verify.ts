// `proteoscope models verify`: the sha256 of every file, held to SHA256SUMS where the folder has one, and to its first download
// where it is a release of another group; and every tensor compared with the network that the configuration describes: names,
// shapes, nothing missing and nothing left over.
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { FileSource } from "@proteoscope/models";
import { openCheckpoint } from "../../checkpoint-path.ts";
import { checksumFileName, listChecksums, verifyChecksums } from "../../checksums.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import { describeFailure, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { sayWhenSlow } from "../../cli/progress.ts";
import { verifyRelease } from "./verify-release.ts";

export interface VerifyReport {
  readonly model: string;
  readonly ok: boolean;
  /** sha256 by file. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether the folder says itself what its files should be. */
  readonly isListed: boolean;
  /** Whether it is a release, whose files were compared with those that came first. */
  readonly isPinned: boolean;
  readonly networks: readonly {
    readonly part: string;
    readonly architecture: string;
    readonly tensors: number;
  }[];
  readonly problems: readonly string[];
}

export const modelsVerifyCommand = defineCommand({
  name: "verify",
  description: "Check a model folder: the sha256 of its files, and that all tensors fit their network",
  args: {
    folder: {
      type: "positional",
      description: "Model folder, file of weights, <owner>/<name> in the cache, or a release that was pulled",
      required: true,
    },
  },
  examples: [
    "proteoscope models verify checkpoints/proteoscope-mini",
    "proteoscope models verify esm2_t6_8M_UR50D --json",
    "proteoscope models verify subcell-DNA-Protein",
  ],
  async run(args, context) {
    const { stdout } = context;
    const report = await verify(args.folder, context);
    if (args.json) printJson(stdout, report);
    else printLines(stdout, ...describe(report));
    return report.ok ? exitCodes.ok : exitCodes.badData;
  },
});

async function verify(
  named: string,
  context: Pick<CommandContext, "env" | "stderr" | "signal">,
): Promise<VerifyReport> {
  const { env, stderr } = context;
  const { loadParts, readJson, subfolder } = await import("@proteoscope/models");
  const { hashFile } = await import("@proteoscope/models/node");
  const onNotice = (notice: string): void => printLines(stderr, notice);
  const { folder, options, path } = await openCheckpoint(named, env);
  const release = await verifyRelease(named, context);
  const problems: string[] = [...(release?.problems ?? [])];
  const networks: VerifyReport["networks"][number][] = [];
  const attempt = async (work: () => Promise<VerifyReport["networks"]>): Promise<void> => {
    await work().then(
      (found) => networks.push(...found),
      (error: unknown) => problems.push(describeFailure(error).message),
    );
  };
  const verifyNetwork = (part: string, source: FileSource) =>
    attempt(async () => {
      const loading = loadParts(source, { ...options, onNotice });
      const found = await sayWhenSlow(stderr, `reading the weights of ${source.name}`, loading);
      return found.map(({ architecture, weights }) => ({
        part: found.length === 1 ? part : architecture,
        ...{ architecture, tensors: weights.size },
      }));
    });
  if (options.file !== undefined || !(await folder.exists("model_index.json")))
    await verifyNetwork(".", folder);
  else {
    const index = await readJson(folder, "model_index.json");
    const parts = index.proteoscope === undefined ? ["unet", "vae"] : ["unet", "vae", "plm"];
    for (const part of parts) await verifyNetwork(part, subfolder(folder, part));
    if (index.proteoscope !== undefined && problems.length === 0) await attempt(() => verifyHeads(folder));
  }
  const isFolder = options.file === undefined;
  const isListed = isFolder && existsSync(join(path, checksumFileName));
  if (isListed) {
    for (const { file, problem } of await verifyChecksums(path)) problems.push(`${file} ${problem}`);
  }
  const files =
    release?.files ??
    (isFolder ? parseSums(await listChecksums(path)) : { [basename(path)]: await hashFile(path) });
  const isPinned = release !== undefined;
  return { model: named, ok: problems.length === 0, files, isListed, isPinned, networks, problems };
}

/** The small networks that a proteoscope model has besides the published ones; reading them compares them as well. */
async function verifyHeads(folder: FileSource): Promise<VerifyReport["networks"]> {
  const { readModel } = await import("@proteoscope/microscope");
  const { localization, sequenceFeatures, condition, classifier, extra } = await readModel(folder);
  const heads = {
    ...{ localization: localization.weights, condition: condition.weights, classifier: classifier.weights },
    ...(sequenceFeatures && { sequenceFeatures: sequenceFeatures.weights }),
    ...(extra && { extra: extra.weights }),
  };
  return Object.entries(heads).map(([part, { size }]) => ({ part, architecture: part, tensors: size }));
}

function parseSums(list: string): Record<string, string> {
  const lines = list.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}

function describe({ files, isListed, isPinned, networks, problems }: VerifyReport): string[] {
  const sums = Object.entries(files).map(([file, sha256]) => `${sha256}  ${file}`);
  const fits = networks.map(
    ({ part, architecture, tensors }) => `${part}: ${architecture}, all ${tensors} tensors fit`,
  );
  const listed = isListed ? [`every file was compared with ${checksumFileName}`] : [];
  const pinned = isPinned ? ["every file was compared with its first download"] : [];
  return [...sums, ...fits, ...listed, ...pinned, ...problems.map((problem) => `problem: ${problem}`)];
}
