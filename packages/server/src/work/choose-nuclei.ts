// From the ids of a request to nuclei: one of the library, or of an uploaded image, which is segmented again as it was shown
// and kept for the next jobs.

import { openImage, ProteoscopeError } from "@proteoscope/formats";
import type { NucleusLibrary } from "@proteoscope/imaging";
import {
  type ChosenNucleus,
  chooseNucleus,
  fieldOfImage,
  type ImagingConstants,
  type NucleusField,
  nucleusOfLibrary,
} from "@proteoscope/microscope";
import type { FileStore } from "../files/file-store.ts";
import { type StoredUpload, uploadOptions } from "./stored-upload.ts";

/** A nucleus with the id that names it alone. */
export type IdentifiedNucleus = ChosenNucleus & { readonly id: string };

const keptFields = 4;
const mostNuclei = 64;

/** Finds the nuclei of ids. @throws ProteoscopeError (field `nuclei`). */
export function chooseNuclei(files: FileStore, library: NucleusLibrary, constants: ImagingConstants) {
  const fields = new Map<string, Promise<NucleusField>>();
  const fieldOf = (upload: string): Promise<NucleusField> => {
    const field = fields.get(upload) ?? readField(files, upload, constants);
    field.catch(() => fields.delete(upload));
    fields.delete(upload);
    fields.set(upload, field); // the last that was used
    const [oldest] = fields.keys();
    if (fields.size > keptFields) fields.delete(oldest!);
    return field;
  };
  return async (ids: readonly string[], signal?: AbortSignal): Promise<IdentifiedNucleus[]> => {
    const chosen: IdentifiedNucleus[] = [];
    for (const id of ids) {
      signal?.throwIfAborted();
      const [kind, name = "", place] = id.split(":");
      if (kind === "library") {
        const index = Number(name);
        if (index >= library.count)
          throw refuse(`the library has ${library.count} nuclei, there is no library:${index}`);
        chosen.push({ ...nucleusOfLibrary(library, index), id });
        continue;
      }
      const field = await fieldOf(name);
      const wanted =
        place === undefined ? Array.from({ length: field.wholeNuclei }, (_, k) => k) : [Number(place)];
      for (const index of wanted) {
        if (index >= field.nuclei.length)
          throw refuse(`the image has ${field.nuclei.length} nuclei: no ${id}`);
        chosen.push({ ...chooseNucleus(field, index, field.wholeNuclei), id: `upload:${name}:${index}` });
      }
    }
    if (chosen.length > mostNuclei)
      throw refuse(`${chosen.length} nuclei, and a job takes ${mostNuclei} at most: choose some of them`);
    return chosen.map((nucleus, place) => ({
      ...nucleus,
      label: chosen.length === 1 ? "" : `nucleus${place}`,
    }));
  };
}

async function readField(
  files: FileStore,
  upload: string,
  constants: ImagingConstants,
): Promise<NucleusField> {
  const stored: StoredUpload = JSON.parse(new TextDecoder().decode(await files.read(`${upload}.json`)));
  const { file, name, options } = stored;
  const stack = await openImage(await files.read(file), { name, series: options.nucleusSeries });
  const origin = { image: name, sha256: () => file.slice(0, 64) };
  return fieldOfImage(stack, origin, constants, uploadOptions(options));
}

function refuse(message: string): ProteoscopeError {
  return new ProteoscopeError(message, { kind: "usage", field: "nuclei" });
}
