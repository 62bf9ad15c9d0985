// Names that version 0.1 gave to parts of a model folder. They are read for one version more; what is written has the
// current names.

import { type FileSource, subfolder } from "./file-source.ts";
import { hasNetwork } from "./model-folder.ts";

const earlierFolders = { homologs: "relatives", sequence_features: "descriptors" } as const;

/** The folder of a part of a model folder, under its name or, where only that is there, under its earlier name. */
export async function partFolder(folder: FileSource, name: keyof typeof earlierFolders): Promise<FileSource> {
  const [current, earlier] = [subfolder(folder, name), subfolder(folder, earlierFolders[name])];
  return !(await hasNetwork(current)) && (await hasNetwork(earlier)) ? earlier : current;
}

/** The same record with the keys of earlier versions under their current names. */
export function withCurrentNames<T>(
  record: Readonly<Record<string, T>>,
  earlier: Readonly<Record<string, string>>,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [earlier[key] ?? key, value]));
}
