// The packed release in a browser: a page and the engine's worker, bundled from what the tarball exports, in Chromium.
// Skipped by name where there is no Chromium; PROTEOSCOPE_CHROMIUM names one elsewhere.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { serveFolder } from "../e2e/browser/serve.ts";

const executablePath = process.env.PROTEOSCOPE_CHROMIUM ?? "/usr/bin/chromium";
const flags = "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-sync";

const program = `
import { add, compile, f32, float32, mul } from "proteoscope/engine";
import { openRuntime } from "proteoscope/web";

globalThis.square = async (values) => {
  const runtime = await openRuntime({ device: "wasm", wasmPaths: "/onnxruntime/" });
  const model = (w, { x }) => ({ y: add(mul(x, x), 1) });
  const square = await compile(runtime, model, { x: f32("n") }, { weights: new Map() });
  const { y } = await square.run({ x: float32([values.length], Float32Array.from(values)) });
  await runtime.close();
  return Array.from(y.data);
};
`;

describe.skipIf(!existsSync(executablePath))(
  "the packed release in Chromium (needs /usr/bin/chromium)",
  () => {
    const site = join(inject("release").folder, "site");
    let server: Awaited<ReturnType<typeof serveFolder>>;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      mkdirSync(site);
      writeFileSync(join(site, "page.js"), program);
      await build({
        entryPoints: { page: join(site, "page.js"), "web-worker": "proteoscope/web/worker" },
        absWorkingDir: site,
        outdir: join(site, "served"),
        bundle: true,
        format: "esm",
        platform: "browser",
        conditions: ["onnxruntime-web-use-extern-wasm"],
        nodePaths: [join(repositoryRoot, "node_modules")], // a page's own project installs onnxruntime-web
        logLevel: "error",
      });
      writeFileSync(
        join(site, "served", "index.html"),
        '<!doctype html><meta charset="utf-8"><script type="module" src="page.js"></script>',
      );
      server = await serveFolder(join(site, "served"));
      browser = await chromium.launch({ executablePath, args: flags.split(" ") });
      page = await browser.newPage();
      await page.goto(`${server.url}/index.html`);
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("runs a model in its web worker", async () => {
      const workers: string[] = [];
      page.on("worker", (worker) => workers.push(new URL(worker.url()).pathname));
      const squares = await page.evaluate(() =>
        (globalThis as unknown as { square(values: number[]): Promise<number[]> }).square([1, 2, -3]),
      );
      expect(squares).toEqual([2, 5, 10]);
      expect(workers).toContain("/web-worker.js");
    });
  },
);
