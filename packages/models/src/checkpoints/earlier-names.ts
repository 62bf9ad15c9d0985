// Names that version 0.1 gave to parts of a model folder. They are read for one version more; what is written has the
// names of today.

import { type FileSource, subfolder } from "./file-source.ts";

const earlierFolders = { homologs: "relatives", sequence_features: "descriptors" } as const;

/** The folder of a part of a model folder, under its name or, where only that is there, under its earlier name. */
export async function partFolder(folder: FileSource, name: keyof typeof earlierFolders): Promise<FileSource> {
  const isThere = async (path: string) =>
    (
      await Promise.all(["config.json", "model.safetensors"].map((file) => folder.exists(`${path}/${file}`)))
    ).includes(true);
  const earlier = earlierFolders[name];
  return subfolder(folder, !(await isThere(name)) && (await isThere(earlier)) ? earlier : name);
}

/** The same record with keys of earlier versions under their names of today. */
export function withCurrentNames<T>(
  record: Readonly<Record<string, T>>,
  earlier: Readonly<Record<string, string>>,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [earlier[key] ?? key, value]));
}
