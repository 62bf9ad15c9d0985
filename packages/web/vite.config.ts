// Builds the page. `vite build` gives dist/, which the server serves; `--mode static` gives dist-static/, a folder for any
// static host, with the weights and ONNX Runtime's files beside the page, which then computes by itself.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const modelFolder = here("../../checkpoints/proteoscope-mini");
const examplesFile = here("../../examples/proteins.fasta");
const onnxruntime = dirname(
  createRequire(here("../engine/src/runtime/web/start.ts")).resolve("onnxruntime-web"),
);
const runtimeFiles = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"].flatMap((name) => [
  `${name}.mjs`,
  `${name}.wasm`,
]);
const notForPages = /^(README\.md|SHA256SUMS|.*\.png)$/;

/** Bytes of a file's tensors when they are loaded, floats as float32, by the header of safetensors. */
function tensorBytesOf(path: string, bytes: Buffer): number | undefined {
  if (!path.endsWith(".safetensors")) return undefined;
  const { __metadata__: _, ...tensors } = JSON.parse(
    bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString(),
  ) as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  return Object.values(tensors).reduce((sum, { dtype, shape, data_offsets: [begin, end] }) => {
    const isFloat = /^B?F/.test(dtype);
    return sum + (isFloat ? 4 * shape.reduce((count, length) => count * length, 1) : end - begin);
  }, 0);
}

/** Copies the weights and the runtime beside the page, with a list of paths, lengths and hashes by which pages cache them. */
function copyModel(): Plugin {
  let folder = "";
  return {
    name: "proteoscope-model",
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    writeBundle() {
      const files = readdirSync(modelFolder, { recursive: true, encoding: "utf8" })
        .map((path) => path.replaceAll("\\", "/"))
        .filter((path) => !notForPages.test(path) && statSync(join(modelFolder, path)).isFile())
        .sort();
      const list = files.map((path) => {
        const bytes = readFileSync(join(modelFolder, path));
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        return { path, bytes: bytes.length, sha256, tensorBytes: tensorBytesOf(path, bytes) };
      });
      for (const path of files) {
        mkdirSync(dirname(join(folder, "model", path)), { recursive: true });
        cpSync(join(modelFolder, path), join(folder, "model", path));
      }
      writeFileSync(
        join(folder, "model", "files.json"),
        JSON.stringify({ name: basename(modelFolder), files: list }),
      );
      cpSync(examplesFile, join(folder, "model", "examples.fasta"));
      mkdirSync(join(folder, "onnxruntime"), { recursive: true });
      for (const file of runtimeFiles) cpSync(join(onnxruntime, file), join(folder, "onnxruntime", file));
    },
  };
}

export default defineConfig(({ mode }) => {
  const outDir = here(mode === "static" ? "./dist-static" : "./dist");
  const conditions = ["onnxruntime-web-use-extern-wasm", "browser", "module", "import", "default"];
  return {
    root: here("."),
    base: "./",
    define: { __PROTEOSCOPE_STATIC__: JSON.stringify(mode === "static") },
    plugins: [svelte(), ...(mode === "static" ? [copyModel()] : [])],
    resolve: { conditions },
    worker: { format: "es" },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 4000,
    },
  };
});
