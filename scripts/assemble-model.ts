// `npm run assemble -- OUT RUN_MODEL...`: puts the `model/` folders of finished runs together to one that ships.
// Weights become float16, which halves them; what was measured (condition/) and what is no tensor is copied. Later
// folders win. The nuclei library, if it lies among the folders or in OUT already, stays uint8. Ends with SHA256SUMS of
// all that is there.
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { float32ToFloat16, type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { checksumFileName, listChecksums } from "../packages/proteoscope/src/checksums.ts";

const [out, ...sources] = process.argv.slice(2);
if (out === undefined || sources.length === 0)
  throw new Error("usage: tsx scripts/assemble-model.ts OUT FOLDER...");

let total = 0;
for (const source of sources) {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(source, path);
    const bytes = await readFile(path);
    await mkdir(dirname(join(out, name)), { recursive: true });
    await writeFile(join(out, name), assembled(name, bytes));
  }
}
await writeFile(join(out, checksumFileName), await listChecksums(out));
for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
}
console.log(`${out}: ${(total / 1e6).toFixed(1)} MB`);

/** A file as it ships: tensors of networks halved, everything else as it is. */
function assembled(name: string, bytes: Uint8Array): Uint8Array {
  if (!name.endsWith(".safetensors") || name.startsWith("condition/")) return bytes;
  const { tensors, metadata } = readSafetensors(bytes);
  return writeSafetensors(new Map([...tensors].map(([key, value]) => [key, halved(value)])), metadata);
}

function halved(value: NdArray): NdArray {
  if (value.dtype !== "float32") return value;
  return { ...value, dtype: "float16", data: float32ToFloat16(value.data as Float32Array) };
}
