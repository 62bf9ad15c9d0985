// Reads a file of src/fixtures for tests. The fixtures come from other writers (NumPy, Pillow, tifffile, Python's
// pickle), so that readers are held to more than our own writers; how each was made stands in the script beside it.

import { readFileSync } from "node:fs";

export function readFixture(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
}
