import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject, it } from "vitest";
import { nodeSubpaths, subpaths, webWorkerSubpath } from "../../scripts/release/subpaths.ts";

const { folder } = inject("release");

/**
 * Bundles a program for a page, as its author would; ONNX Runtime stays outside, since a page adds it itself.
 * @returns the text, and how many bytes of it are the release's own.
 */
async function bundleForPage(program: string): Promise<{ text: string; ownBytes: number }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser", // a module of Node's is an error
    external: ["onnxruntime-web"],
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const parts = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const own = parts.filter(([path]) => path.includes("node_modules/proteoscope/"));
  return {
    text: outputFiles[0]!.text,
    ownBytes: own.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0),
  };
}

const forPages = Object.keys(subpaths).filter((path) => !nodeSubpaths.includes(path));

describe("the packed release, bundled for a page,", () => {
  it.each([...forPages, webWorkerSubpath])("needs nothing of Node in %s", async (subpath) => {
    const { text } = await bundleForPage(
      `import * as all from "${posix.join("proteoscope", subpath)}"; console.log(all);`,
    );
    expect(text).not.toBe("");
  });

  it("is refused where it needs Node", async () => {
    await expect(bundleForPage('import "proteoscope";')).rejects.toThrow(
      /Could not resolve "(node:|worker_threads)/,
    );
  });

  it("leaves out what the page does not use", async () => {
    const { ownBytes } = await bundleForPage(
      'import { parseSequence } from "proteoscope/formats"; console.log(parseSequence);',
    );
    expect(ownBytes).toBeLessThan(30_000);
  });

  it("starts its worker from a file beside the script, as bundlers look for it", async () => {
    const { text } = await bundleForPage(
      'import { openRuntime } from "proteoscope/web"; console.log(openRuntime);',
    );
    expect(text).toContain('new URL("./web-worker.js",import.meta.url)');
    expect(existsSync(join(folder, "node_modules/proteoscope/dist/web-worker.js"))).toBe(true);
  });
});
