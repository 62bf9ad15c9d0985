/**
 * The checksum of a cached model, and a runtime that loads one only with the checksum that it should have.
 *
 * It is taken where the model is loaded, on the runtime's thread, so that those of two runtimes are read side by side.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { savedWeightsFile } from "../ort-session.ts";
import type { Runtime } from "../runtime.ts";

/**
 * Computes the CRC-32 of a model's file and of the length and time of the weights beside it. Those are only mapped to
 * memory, and to read all of them for a checksum would take longer than all else that loading does.
 *
 * @throws Error where there is no such file.
 */
export async function checksumOfModel(path: string): Promise<number> {
  const sum = crc32(await readFile(path));
  try {
    const { size, mtimeNs } = await stat(join(dirname(path), savedWeightsFile), { bigint: true });
    return crc32(`${size} ${mtimeNs}`, sum);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return sum; // small weights stay in the model
    throw error;
  }
}

/** Gives the runtime the check of files that are loaded with a `checksum`. */
export function checkFiles(runtime: Runtime): Runtime {
  return {
    ...runtime,
    load: async (model, options = {}) => {
      const { checksum } = options;
      if (
        checksum !== undefined &&
        (typeof model !== "string" || (await checksumOfModel(model)) !== checksum)
      )
        throw new Error(`the model ${typeof model === "string" ? model : "given"} has another checksum`);
      return runtime.load(model, options);
    },
  };
}
