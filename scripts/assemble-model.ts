// `npm run assemble -- OUT RUN_MODEL... [--sharpen FACTOR]`: puts the `model/` folders of finished runs together to one
// that ships. Weights become float16, which halves them; what was measured (condition/) and what is no tensor is copied.
// Later folders win. The nuclei library, if it lies among the folders or in OUT already, stays uint8. Ends with
// SHA256SUMS of all that is there.
//
// The localization head is less sure of proteins that it has not seen than of those that the denoiser learned from;
// --sharpen makes what it says of compartments count as much more. The factor is one to choose on proteins of neither.
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { float32ToFloat16, type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { checksumFileName, listChecksums } from "../packages/proteoscope/src/checksums.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { sharpen: { type: "string", default: "1" } },
});
const [out, ...sources] = positionals;
const factor = Number(values.sharpen);
if (out === undefined || sources.length === 0 || !(factor > 0))
  throw new Error("usage: tsx scripts/assemble-model.ts OUT FOLDER... [--sharpen FACTOR]");

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

function assembled(name: string, bytes: Uint8Array): Uint8Array {
  if (!name.endsWith(".safetensors")) return bytes;
  const { tensors, metadata } = readSafetensors(bytes);
  const change = name.startsWith("condition/") ? sharpened : halved;
  return writeSafetensors(new Map([...tensors].map(([key, value]) => [key, change(value, key)])), metadata);
}

function halved(value: NdArray): NdArray {
  if (value.dtype !== "float32") return value;
  return { ...value, dtype: "float16", data: float32ToFloat16(value.data as Float32Array) };
}

function sharpened(value: NdArray, name: string): NdArray {
  if (name !== "compartments.directions") return value;
  return { ...value, data: (value.data as Float32Array).map((number) => factor * number) };
}
