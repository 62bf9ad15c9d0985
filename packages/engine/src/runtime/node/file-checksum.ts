/**
 * The checksum of a file's bytes, and a runtime that takes a file only with the checksum that it should have.
 *
 * It is taken where the file is loaded, on the runtime's thread, so that the files of two runtimes are read side by side.
 */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Runtime } from "../runtime.ts";

/** CRC-32. */
export async function checksumOfFile(path: string): Promise<number> {
  const file = await open(path);
  try {
    const piece = Buffer.allocUnsafe(2 ** 20);
    let sum = 0;
    for (;;) {
      const { bytesRead } = await file.read(piece);
      if (bytesRead === 0) return sum;
      sum = crc32(piece.subarray(0, bytesRead), sum);
    }
  } finally {
    await file.close();
  }
}

/** The runtime, with files that are loaded with a `checksum` held to it. */
export function checkFiles(runtime: Runtime): Runtime {
  return {
    ...runtime,
    load: async (model, options = {}) => {
      const { checksum } = options;
      if (checksum !== undefined && (typeof model !== "string" || (await checksumOfFile(model)) !== checksum))
        throw new Error(`the model ${typeof model === "string" ? model : "given"} has another checksum`);
      return runtime.load(model, options);
    },
  };
}
