// The built page: the files that its folder holds when the server starts, and no others. Addresses are looked up in that list
// and never joined to a path.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { MiddlewareHandler } from "hono";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  /** Its name has a hash of its content. */
  readonly isImmutable: boolean;
}

/** Serves the files of a folder; its views are in the part of the address that is not sent. */
export function servePage(folder: string): MiddlewareHandler {
  const files = readFiles(folder);
  return async (c, next) => {
    const { path, method } = c.req;
    if (method !== "GET" && method !== "HEAD") return next();
    const file = files.get(path === "/" ? "/index.html" : path);
    if (file === undefined) return next();
    const headers = {
      etag: file.etag,
      "cache-control": file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    };
    if (c.req.header("if-none-match") === file.etag) return c.body(null, 304, headers);
    return c.body(file.bytes, 200, { ...headers, "content-type": file.type });
  };
}

function readFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const address = `/${relative(folder, path).split(sep).join("/")}`;
    const bytes = new Uint8Array(readFileSync(path));
    const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
    files.set(address, {
      ...{ bytes, etag: `"${digest}"`, isImmutable: address.startsWith("/assets/") },
      type: types[extname(entry.name)] ?? "application/octet-stream",
    });
  }
  return files;
}
