// A run folder as a model: what `proteoscope train` leaves can be named wherever a model or a network is. Its `model/` has
// the networks of that run; a part that every model needs and no run trains comes from the model that ships.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import type { FileSource } from "@proteoscope/models";

/** A run folder with a model. */
export interface FinishedRun {
  /** The network, as after `proteoscope train`. */
  readonly trainer: string;
  /** Path of the model folder. */
  readonly model: string;
}

/**
 * The run in a folder; undefined where the folder is none.
 * @throws ProteoscopeError (not found) where the run has no model yet.
 */
export async function findRun(path: string): Promise<FinishedRun | undefined> {
  const config = await readFile(join(path, "config.yaml"), "utf8").catch(() => undefined);
  const trainer = config && /^trainer: *"?([a-z-]+)"?$/m.exec(config)?.[1];
  if (!trainer) return undefined;
  const model = join(path, "model");
  if ((await stat(model).catch(() => undefined)) !== undefined) return { trainer, model };
  throw new ProteoscopeError(
    `${path}: the run has no model yet; its first validation writes one (--resume goes on)`,
    { kind: "notFound" },
  );
}

/** Folder of the network that a trainer trains, in its model folder. */
export const networkFolders: Readonly<Record<string, string>> = {
  plm: "plm",
  autoencoder: "vae",
  cytoself: "cytoself",
  diffusion: "unet",
  localizer: "localizer",
  clip: "clip",
  triplet: "triplet",
  cytoclass: "cytoclass",
};

const lendable = [
  { part: "classifier", file: "classifier/config.json" },
  { part: "nuclei.safetensors", file: "nuclei.safetensors" },
] as const;

/** A model folder whose image classifier and nuclei, where it has none, are those of another. */
export async function borrowParts(
  own: FileSource,
  findOther: () => Promise<FileSource>,
): Promise<{ readonly folder: FileSource; readonly borrowed: readonly string[] }> {
  const has = await Promise.all(lendable.map(({ file }) => own.exists(file)));
  const borrowed = lendable.filter((_, index) => !has[index]).map(({ part }) => part);
  if (borrowed.length === 0) return { folder: own, borrowed };
  const other = await findOther();
  const sourceOf = (file: string) =>
    borrowed.some((part) => file === part || file.startsWith(`${part}/`)) ? other : own;
  const folder: FileSource = {
    name: own.name,
    read: (file) => sourceOf(file).read(file),
    exists: (file) => sourceOf(file).exists(file),
  };
  return { folder, borrowed };
}
