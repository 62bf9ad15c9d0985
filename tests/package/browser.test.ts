// The example of a page, in a browser: bundled with the engine's worker from what the tarball exports, in Chromium.
// Skipped by name where there is no Chromium; PROTEOSCOPE_CHROMIUM names one elsewhere.
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { serveFolder } from "../e2e/browser/serve.ts";

const executablePath = process.env.PROTEOSCOPE_CHROMIUM ?? "/usr/bin/chromium";
const flags = "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-sync";
const name = "08-in-a-page";

describe.skipIf(!existsSync(executablePath))(
  "the packed release in Chromium (needs /usr/bin/chromium)",
  () => {
    const { folder } = inject("release");
    const installed = join(folder, "node_modules", "proteoscope");
    const site = join(folder, "site");
    const served = join(site, "served");
    let server: Awaited<ReturnType<typeof serveFolder>>;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      mkdirSync(served, { recursive: true });
      cpSync(join(installed, "examples", `${name}.ts`), join(site, `${name}.ts`));
      cpSync(join(installed, "examples", `${name}.html`), join(served, "index.html"));
      symlinkSync(join(installed, "checkpoints", "proteoscope-mini"), join(served, "model"), "junction");
      await build({
        entryPoints: { [name]: join(site, `${name}.ts`), "web-worker": "proteoscope/web/worker" },
        absWorkingDir: site,
        outdir: served,
        bundle: true,
        format: "esm",
        platform: "browser",
        conditions: ["onnxruntime-web-use-extern-wasm"],
        nodePaths: [join(repositoryRoot, "node_modules")], // a page's own project installs onnxruntime-web
        logLevel: "error",
      });
      server = await serveFolder(served);
      browser = await chromium.launch({ executablePath, args: flags.split(" ") });
      page = await browser.newPage();
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("generates the example's image in a web worker", async () => {
      const workers: string[] = [];
      const errors: string[] = [];
      page.on("worker", (worker) => workers.push(new URL(worker.url()).pathname));
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(`${server.url}/index.html`);
      const image = page.getByRole("img", { name: "Synthetic image of COX8A" });
      await Promise.race([
        image.waitFor({ timeout: 240_000 }),
        page.waitForEvent("pageerror", { timeout: 0 }),
      ]);
      expect(errors).toEqual([]);
      expect(await page.getByRole("status").textContent()).toBe(
        "COX8A: the classifier recognises mitochondria",
      );
      expect(workers).toContain("/web-worker.js");
      const colours = await page.evaluate(() => {
        const canvas = document.querySelector("canvas")!;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
      });
      expect(colours).toBeGreaterThan(100);
    });
  },
);
