// The page that computes by itself, on wasm and on WebGPU, which Chromium does in software here: without a click both draw one
// picture. The model is one of random weights, since every shader is compiled for the processor; that the shipped one computes
// the same on WebGPU is the engine's test. Skipped by name where there is no Chromium.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  coloursOf,
  executablePath,
  flags,
  openPage,
  pixelsOf,
  readStored,
  serveTinyPage,
} from "./page/site.ts";

const tolerance = 1e-4;
const softwareGpuMs = 10 * 60_000;

describe.skipIf(!existsSync(executablePath))(
  "the static page on two devices (needs /usr/bin/chromium)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "proteoscope-page-"));
    let server: Awaited<ReturnType<typeof serveTinyPage>>;
    let browser: Browser;

    beforeAll(async () => {
      server = await serveTinyPage(folder);
      browser = await chromium.launch({ executablePath, args: flags });
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The first picture of a device, its values and what is shown. */
    async function firstPicture(device: "wasm" | "webgpu") {
      const { page, errors } = await openPage(browser, `${server.url}/index.html?device=${device}`);
      page.setDefaultTimeout(softwareGpuMs);
      const shown = await pixelsOf(page, /^Synthetic image of FBL, sample \d/);
      await page
        .getByRole("button", { name: /^Device, model and weights/ })
        .getByText(device, { exact: true })
        .waitFor();
      const stored = await readStored(page);
      await page.context().close();
      expect(errors).toEqual([]);
      return { ...stored, shown };
    }

    it(
      "draws one first picture without a click, on the device that the header names",
      async () => {
        const [wasm, webgpu] = [await firstPicture("wasm"), await firstPicture("webgpu")];
        expect(webgpu.images).toHaveLength(wasm.images.length);
        const worst = Math.max(...webgpu.images.map((value, at) => Math.abs(value - wasm.images[at]!)));
        expect(worst).toBeLessThan(tolerance);
        expect(coloursOf(webgpu.shown)).toBeGreaterThan(200);
        expect(webgpu.shown.data.findIndex((value, at) => Math.abs(value - wasm.shown.data[at]!) > 1)).toBe(
          -1,
        );
      },
      softwareGpuMs,
    );
  },
);
