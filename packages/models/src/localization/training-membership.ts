// Whether a model of ours was trained on a protein: its tables of annotated proteins keep those of the training and those that it
// never saw in files of their own.

import { readSafetensors } from "@proteoscope/formats";
import { partFolder } from "../checkpoints/earlier-names.ts";
import type { FileSource } from "../checkpoints/file-source.ts";
import { readParsed } from "../checkpoints/file-source.ts";
import { loadHomologs, seenFile } from "./homologs-checkpoint.ts";

/**
 * Whether the model of a folder was trained on the protein of a gene symbol or an accession, in any letter case; undefined where
 * its tables do not have the protein. @throws CheckpointError or FormatError as `loadHomologs` does
 */
export async function isTrainedOn(folder: FileSource, name: string): Promise<boolean | undefined> {
  const homologs = await loadHomologs(folder);
  if (homologs === undefined) return undefined;
  const place = await partFolder(folder, "homologs");
  const { tensors } = await readParsed(place, seenFile, readSafetensors);
  const seen = tensors.get("ends")!.shape[0]!;
  const wanted = name.toUpperCase();
  const rows = [...homologs.annotations.entries()].filter(([, { accession, gene }]) =>
    [accession, gene].some((one) => one !== "" && one.toUpperCase() === wanted),
  );
  return rows.length === 0 ? undefined : rows.some(([row]) => row < seen);
}
