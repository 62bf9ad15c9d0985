// A folder that was dropped or chosen, as one file: an OME-Zarr is a folder of many files, and whatever reads it takes them
// packed in a zip archive. Chunks are compressed already, so that they are stored as they are.
import { zipSync } from "fflate";

/** A file of a folder, by its path that begins with the folder's name. */
export interface FolderFile {
  readonly path: string;
  readonly file: Blob;
}

/** The folder of files as an archive, called after it. @throws Error where it holds no OME-Zarr. */
export async function zipFolder(files: readonly FolderFile[]): Promise<File> {
  const isStore = files.some(({ path }) => /(^|\/)(zarr\.json|\.zgroup|\.zattrs)$/.test(path));
  const name = files[0]?.path.split("/")[0] ?? "folder";
  if (!isStore) throw new Error(`${name} is no OME-Zarr: it has neither zarr.json nor .zattrs`);
  const entries: Record<string, Uint8Array> = {};
  for (const { path, file } of files) entries[path] = new Uint8Array(await file.arrayBuffer());
  const bytes = zipSync(entries, { level: 0 }) as Uint8Array<ArrayBuffer>;
  return new File([bytes], `${name}.zip`, { type: "application/zip" });
}

/** The files of an input that takes a folder. */
export function filesOfInput(list: FileList): FolderFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** What was dropped: one file as it is, a folder as an archive; undefined for neither. */
export async function droppedFile(transfer: DataTransfer | null): Promise<File | undefined> {
  const entry = transfer?.items[0]?.webkitGetAsEntry();
  if (!entry?.isDirectory) return transfer?.files[0];
  return zipFolder(await filesBelow(entry as FileSystemDirectoryEntry, entry.name));
}

async function filesBelow(folder: FileSystemDirectoryEntry, path: string): Promise<FolderFile[]> {
  const reader = folder.createReader();
  const found: FolderFile[] = [];
  for (;;) {
    // A call gives a part of the folder, and none at its end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return found;
    for (const entry of entries) {
      const below = `${path}/${entry.name}`;
      if (entry.isDirectory) found.push(...(await filesBelow(entry as FileSystemDirectoryEntry, below)));
      else found.push({ path: below, file: await fileOf(entry as FileSystemFileEntry) });
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
