// `proteoscope models verify`: the sha256 of every file, held to SHA256SUMS where the folder has one, and every tensor
// compared with the network that the configuration describes: names, shapes, nothing missing and nothing left over.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FileSource } from "@proteoscope/models";
import { openCheckpoint } from "../../checkpoint-path.ts";
import { checksumFileName, listChecksums, verifyChecksums } from "../../checksums.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import { describeFailure, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";

export interface VerifyReport {
  readonly model: string;
  readonly ok: boolean;
  /** sha256 by file. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether the folder says itself what its files should be. */
  readonly isListed: boolean;
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
      description: "Model folder, or <owner>/<name> in the cache",
      required: true,
    },
  },
  examples: [
    "proteoscope models verify checkpoints/proteoscope-mini",
    "proteoscope models verify esm2_t6_8M_UR50D --json",
  ],
  async run(args, { stdout, stderr, env }) {
    const report = await verify(args.folder, env, (notice) => void stderr.write(`${notice}\n`));
    if (args.json) printJson(stdout, report);
    else printLines(stdout, ...describe(report));
    return report.ok ? exitCodes.ok : exitCodes.badData;
  },
});

async function verify(
  named: string,
  env: CommandContext["env"],
  onNotice: (notice: string) => void,
): Promise<VerifyReport> {
  const { loadParts, readJson, subfolder } = await import("@proteoscope/models");
  const { folder, options, path } = await openCheckpoint(named, env);
  const problems: string[] = [];
  const networks: VerifyReport["networks"][number][] = [];
  const attempt = async (work: () => Promise<VerifyReport["networks"]>): Promise<void> => {
    await work().then(
      (found) => networks.push(...found),
      (error: unknown) => problems.push(describeFailure(error).message),
    );
  };
  const verifyNetwork = (part: string, source: FileSource) =>
    attempt(async () => {
      const found = await loadParts(source, { ...options, onNotice });
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
  const files = isFolder ? parseSums(await listChecksums(path)) : {};
  return { model: named, ok: problems.length === 0, files, isListed, networks, problems };
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

function describe({ files, isListed, networks, problems }: VerifyReport): string[] {
  const sums = Object.entries(files).map(([file, sha256]) => `${sha256}  ${file}`);
  const fits = networks.map(
    ({ part, architecture, tensors }) => `${part}: ${architecture}, all ${tensors} tensors fit`,
  );
  const listed = isListed ? [`every file was compared with ${checksumFileName}`] : [];
  return [...sums, ...fits, ...listed, ...problems.map((problem) => `problem: ${problem}`)];
}
