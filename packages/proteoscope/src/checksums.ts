// Checks a model folder against its SHA256SUMS, the list that `sha256sum` writes and reads (one line per file:
// `<64 hex digits>  <relative path>`), so that a damaged download or an edited weight is named.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hashFile } from "@proteoscope/models/node";
import { CommandError, exitCodes } from "./cli/errors.ts";

export const checksumFileName = "SHA256SUMS";

export interface ChecksumProblem {
  readonly file: string;
  readonly problem: "missing" | "changed";
}

/**
 * Reads every listed file of the folder and returns those that are missing or have other bytes.
 * @throws CommandError (bad data) if the list itself cannot be understood.
 */
export async function verifyChecksums(folder: string): Promise<ChecksumProblem[]> {
  const listPath = join(folder, checksumFileName);
  const problems: ChecksumProblem[] = [];
  for (const { file, sha256 } of parseChecksums(await readFile(listPath, "utf8"), listPath)) {
    const actual = await hashFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (actual === undefined) problems.push({ file, problem: "missing" });
    else if (actual !== sha256) problems.push({ file, problem: "changed" });
  }
  return problems;
}

/** The text of SHA256SUMS for a folder: every file below it but the list itself, sorted by path. */
export async function listChecksums(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink()) // the cache of Hugging Face is made of links
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length).replaceAll("\\", "/"))
    .filter((file) => file !== checksumFileName)
    .sort();
  const lines = await Promise.all(
    files.map(async (file) => `${await hashFile(join(folder, file))}  ${file}\n`),
  );
  return lines.join("");
}

function parseChecksums(text: string, path: string): { file: string; sha256: string }[] {
  return text
    .split("\n")
    .map((line, index) => ({ line, index }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, index }) => {
      const [, sha256, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (
        sha256 === undefined ||
        file === undefined ||
        file.startsWith("/") ||
        file.split("/").includes("..")
      ) {
        throw new CommandError(`${path}: line ${index + 1} is not "<sha256>  <file>"`, exitCodes.badData);
      }
      return { file, sha256 };
    });
}
