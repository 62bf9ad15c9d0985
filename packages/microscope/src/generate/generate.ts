// Generates cells: every protein of a request around every nucleus, one after the other, as they are done.
//
//     for await (const cell of generate(microscope, request, { signal, onProgress })) save(encodeFiles(cell, ["png"]));

import type { GeneratedImages, ImagePreview, Microscope } from "../image/generate.ts";
import type { WorkOptions } from "../progress.ts";
import type { EncodedProtein } from "../protein/encoder.ts";
import { uniqueFileNames } from "./file-names.ts";
import { generateDefaults } from "./formats.ts";
import { describeProvenance, type Provenance } from "./provenance.ts";
import { checkRequest, type GenerateRequest } from "./request.ts";

/** The images of one protein around one nucleus, with their provenance. */
export interface GeneratedCell {
  /** Begins every file name, such as `FBL` or `FBL_nucleus3`; no other cell of the request has it, in any letter case. */
  readonly name: string;
  readonly images: GeneratedImages;
  /** The input nucleus, in [0, 1], [H, W]. */
  readonly nucleus: Float32Array;
  readonly pixelSizeMicrons: number;
  readonly provenance: Provenance;
}

/** Options of `generate`: those of long work, and a callback for images before they are finished. */
export interface GenerateWorkOptions extends Partial<WorkOptions> {
  /** Called every few steps; `cell` is the place of the cell in the order of the request. The next step waits. */
  readonly onPreview?: ((preview: ImagePreview) => void | Promise<void>) | undefined;
  /** Number of steps between two previews; that of `GenerateOptions` when absent. */
  readonly previewEvery?: number | undefined;
}

/**
 * Generates one cell per protein and nucleus, in the order of the request.
 * @throws ProteoscopeError (usage) before the first cell for a request that the model cannot meet, SequenceError for a residue
 * that it does not know, the signal's reason when it is aborted.
 */
export async function* generate(
  microscope: Microscope,
  request: GenerateRequest,
  { signal, onProgress, onPreview, previewEvery }: GenerateWorkOptions = {},
): AsyncGenerator<GeneratedCell, void, undefined> {
  const { proteins, nuclei, context = {}, software = {} } = request;
  const settings = { ...generateDefaults, ...request.settings };
  const stains = nuclei.flatMap((nucleus) => Object.keys(nucleus.stains ?? {}));
  checkRequest(microscope.model, { settings, context, stains: [...new Set(stains)] });
  const count = proteins.length * nuclei.length;
  const fileNames = uniqueFileNames(proteins.map(({ id, fileName }) => fileName ?? id));
  let index = 0;
  for (const [proteinIndex, protein] of proteins.entries()) {
    const fileName = fileNames[proteinIndex]!;
    let encoded: EncodedProtein | undefined;
    for (const nucleus of nuclei) {
      signal?.throwIfAborted();
      encoded ??= await microscope.encode(protein.sequence, { ...context, gene: protein.gene });
      const cellIndex = index++;
      // Cells take different numbers of batches, and each counts as one.
      const onStep = (step: number, steps: number): void =>
        onProgress?.({
          ...{ phase: "generate", unit: "steps", note: protein.id },
          ...{ done: Math.floor((cellIndex + step / steps) * settings.steps), total: count * settings.steps },
        });
      const options = {
        ...{ ...settings, onStep },
        ...(signal && { signal }),
        ...(previewEvery !== undefined && { previewEvery }),
        ...(onPreview && {
          onPreview: (preview: ImagePreview) => onPreview({ ...preview, cell: cellIndex }),
        }),
      };
      const cell = { ...nucleus, seed: settings.seed };
      const [images] = await microscope.generateCells(encoded, [cell], options);
      yield {
        name: nucleus.label === "" ? fileName : `${fileName}_${nucleus.label}`,
        images: images!,
        nucleus: nucleus.nucleus,
        pixelSizeMicrons: nucleus.pixelSizeMicrons,
        provenance: await describeProvenance(microscope.model, {
          ...{ software, protein, encoded, nucleus, images: images!, settings, context },
        }),
      };
    }
  }
}
