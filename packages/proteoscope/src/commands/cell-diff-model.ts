// CELL-Diff as a command line names it: a release that was pulled, or the file of its weights with its autoencoder in `vae/`.
// The file is converted to 16 bits at its first use, which takes a minute or two and the disk of half of it.

import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import type { CellDiffModel } from "@proteoscope/microscope/experiments";
import { cacheFolders } from "../cache-folders.ts";
import { resolveCheckpoint } from "../checkpoint-path.ts";
import type { CommandContext } from "../cli/command.ts";
import { startProgress } from "../cli/progress.ts";

/** Whether a model is CELL-Diff: the name of a release, or a single file, which no model folder of ours is. */
export async function isCellDiff(named: string | undefined): Promise<boolean> {
  if (named === undefined) return false;
  const found = await stat(named).catch(() => undefined);
  if (found !== undefined) return found.isFile();
  const { findReleasedWeights } = await import("@proteoscope/models/released");
  return findReleasedWeights(named)?.architecture === "cell-diff";
}

/**
 * Opens the network, converted to 16 bits where it was not yet, and its autoencoder.
 * @throws ProteoscopeError (not found) for files that are not here, CheckpointError as the loaders do, the signal's reason.
 */
export async function openCellDiffModel(
  named: string,
  { env, stderr, signal }: Pick<CommandContext, "env" | "stderr" | "signal">,
): Promise<CellDiffModel> {
  const { loadAs } = await import("@proteoscope/models");
  const { findCellDiffAutoencoder, openCellDiffFile, openFolder, readRecord } = await import(
    "@proteoscope/models/node"
  );
  const { findReleasedWeights } = await import("@proteoscope/models/released");
  const path = await resolveCheckpoint(named, env);
  const [folder, file] = [dirname(path), basename(path)];
  const vae = await findCellDiffAutoencoder(folder, file);
  if (vae === undefined)
    throw new ProteoscopeError(
      `${path}: its autoencoder is missing, a file of the same name in ${join(dirname(folder), "vae")}`,
      { kind: "notFound" },
    );
  const progress = startProgress(`convert ${file} to 16 bits, once`, 100, { stream: stderr, unit: "%" });
  const network = await openCellDiffFile(folder, file, {
    signal,
    onProgress: (bytes, totalBytes) => progress.update(Math.floor((100 * bytes) / totalBytes)),
  }).finally(progress.close);
  const { config, weights } = await loadAs("autoencoder", openFolder(vae.folder), { file: vae.file });
  const release = findReleasedWeights(named);
  const files = release && (await readRecord(cacheFolders(env).released, release.name)).files;
  const sums = Object.entries(files ?? {}).map(([name, pin]) => [name, pin.sha256]);
  return {
    name: release?.name ?? file,
    network,
    autoencoder: { config, weights },
    sha256: Object.fromEntries(sums),
  };
}
