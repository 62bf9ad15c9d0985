// Bundles the page and the engine's worker into a folder and serves it, ONNX Runtime's files beside it, on the
// loopback address alone. The headers isolate the page, without which a browser grants it no shared memory.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const onnxruntime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Writes page.js and worker.js to `folder`. */
export async function bundlePage(folder: string): Promise<void> {
  await build({
    entryPoints: {
      page: here("./page.ts"),
      worker: here("../../../packages/engine/src/runtime/web/worker.ts"),
    },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    conditions: ["onnxruntime-web-use-extern-wasm"],
    logLevel: "error",
  });
}

/** Serves `folder` at / and ONNX Runtime at /onnxruntime/; gives the address and how to stop. */
export async function serveFolder(folder: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
    const isRuntime = path.startsWith("/onnxruntime/");
    const file = isRuntime ? join(onnxruntime, path.slice("/onnxruntime".length)) : join(folder, path);
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}
