// SubCell as an encoder: the embedding of a cell, from the stains that a crop has (nucleus and protein); its 31 locations of
// the Human Protein Atlas are brought to the compartments of the data set by name.

import type { Runtime } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import { type CellImage, CellImageError, localizeImages } from "@proteoscope/microscope/experiments";
import { type FileSource, type LoadOptions, loadAs } from "@proteoscope/models";
import type { CellPlanes } from "../judges/cell-features.ts";
import { type CellEncoder, identityOf } from "./encoder.ts";

/** Opens an encoder of SubCell. @throws CheckpointError, WeightsError; ProteoscopeError where it needs other stains */
export async function openSubcellEncoder(
  runtime: Runtime,
  folder: FileSource,
  {
    name,
    pixelSizeMicrons,
    load,
  }: { readonly name: string; readonly pixelSizeMicrons: number; readonly load?: LoadOptions },
): Promise<CellEncoder> {
  const encoder = await loadAs("subcell", folder, load);
  const missing = encoder.config.stains.find((stain) => stain !== "nucleus" && stain !== "protein");
  if (missing !== undefined)
    throw new ProteoscopeError(
      `${folder.name} takes a stain of ${missing}, which crops do not have: take the DNA-Protein encoder`,
      { kind: "data", field: "judge" },
    );
  return {
    name,
    title: `SubCell, pooled embedding of ${encoder.config.stains.join(" and ")}; crops resized to 80 nm per pixel`,
    identity: identityOf("subcell", [encoder.config, pixelSizeMicrons], encoder.weights),
    trainedOn: "images that it does not name",
    async encode(cells) {
      const embedded = [];
      for await (const cell of localizeImages(runtime, encoder, cells.map(imageOf(pixelSizeMicrons)))) {
        if (cell instanceof CellImageError) throw cell;
        embedded.push({ embedding: cell.embedding });
      }
      return embedded;
    },
    close: async () => undefined,
  };
}

function imageOf(pixelSizeMicrons: number) {
  return ({ side, protein, nucleus }: CellPlanes, index: number): CellImage => ({
    ...{ id: `cell ${index}`, width: side, height: side, pixelSizeMicrons, planes: { protein, nucleus } },
  });
}
