// What stands beside the generated images on the page that computes by itself: the atlas, recorded cells, pictures of a scan's
// windows, and the size of the model before it is there; and OME-Zarr as input. Skipped by name where there is no Chromium.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  coloursOf,
  executablePath,
  flags,
  isSame,
  meanOf,
  openPage,
  pixelsOf,
  serveTinyPage,
} from "./page/site.ts";
import { twoChannelStore } from "./page/two-channels.ts";

describe.skipIf(!existsSync(executablePath))(
  "what stands beside the images (needs /usr/bin/chromium)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "proteoscope-page-"));
    let server: Awaited<ReturnType<typeof serveTinyPage>>;
    let browser: Browser;
    let page: Page;
    let errors: string[];

    beforeAll(async () => {
      server = await serveTinyPage(folder);
      browser = await chromium.launch({ executablePath, args: flags });
      ({ page, errors } = await openPage(browser, `${server.url}/index.html?device=wasm`));
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const openTab = (name: string) => page.getByRole("tab", { name }).click();

    it("says what the model takes before it is there, and in the report", async () => {
      const size = /^tiny: 1 MB to fetch, once; about 10\d MB of this browser's memory\.$/;
      expect(await page.locator("main .size").textContent()).toMatch(size);
      await page
        .getByRole("img", { name: /^Synthetic image of FBL/ })
        .first()
        .waitFor();
      const report = page.getByRole("button", { name: /Device, model and weights/ });
      await report.getByText("tiny").waitFor();
      expect(await page.locator("main .size").count()).toBe(0);
      await report.click();
      await page.getByRole("dialog").getByText(size).waitFor();
      await page.keyboard.press("Escape");
    });

    it("says where recorded cells come from, since none ship", async () => {
      await page.getByRole("heading", { name: /^Recorded cells/ }).waitFor();
      await page.getByText("npx proteoscope serve --crops SET").waitFor();
    });

    it("places proteins and pictures in an atlas, by pointer, by keys and as a table", async () => {
      await openTab("Atlas");
      const plot = page.getByRole("application", { name: /^Atlas of 1 protein and 1 picture\b/ });
      await plot.waitFor();
      expect(coloursOf(await pixelsOf(page, /^1 protein, 0 selected/))).toBeGreaterThan(3);
      // One protein alone lies in the middle, and it is what is nearest to the picture.
      const box = (await plot.boundingBox())!;
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await plot.getByText("KNOWN", { exact: true }).waitFor();
      await plot.getByText("annotated: golgi apparatus").waitFor();
      await page.getByRole("button", { name: "lasso" }).click();
      await page.mouse.move(x - 60, y - 60);
      await page.mouse.down();
      await page.mouse.move(x + 60, y - 60, { steps: 3 });
      await page.mouse.move(x + 60, y + 60, { steps: 3 });
      await page.mouse.move(x - 60, y + 60, { steps: 3 });
      await page.mouse.up();
      await page.getByText("1 selected", { exact: true }).waitFor();
      await plot.focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press(" ");
      await page.getByText("0 selected", { exact: true }).waitFor();
      await page.getByLabel("name begins with").fill("kno");
      await page.getByRole("button", { name: "select these 1" }).click();
      await page.getByRole("row", { name: /KNOWN golgi apparatus/ }).waitFor();
      await page.getByRole("button", { name: "take KNOWN" }).click();
      await page.getByText(/KNOWN, P00001, human/).waitFor();
    });

    it("draws a window of a scan beside the wild type, by keys and by a click, in the view of the scan", async () => {
      await page.getByRole("button", { name: "COX8A" }).click();
      await page.getByText(/COX8A, P10176, human/).waitFor();
      await openTab("Scan");
      await page.getByLabel("window", { exact: true }).fill("10");
      await page.getByLabel("draws of the null").fill("20");
      await page.getByRole("button", { name: /^Scan COX8A/ }).click();
      const plot = page.getByRole("application", { name: /^Effects of \d+ windows of COX8A/ });
      await plot.focus();
      for (const key of ["ArrowRight", "Enter"]) await page.keyboard.press(key);
      const pair = page.locator(".pair");
      await pair.getByText("del:12-21").waitFor();
      const wild = await pixelsOf(page, /^Synthetic image of COX8A, sample 1/);
      const without = await pixelsOf(page, /^Synthetic image of COX8A, del:12-21, sample 1/);
      expect(coloursOf(wild)).toBeGreaterThan(50);
      expect(isSame(wild, without)).toBe(false);
      expect(Math.abs(meanOf(without, 2) - meanOf(wild, 2))).toBeLessThan(15); // the same nucleus
      await page.getByRole("tab", { name: "Scan", selected: true }).waitFor();
      await page.locator("rect.window").first().click();
      await pair.getByText("del:2-11").waitFor();
      await page.locator("rect.window").nth(1).click();
      await pair.getByText("del:12-21").waitFor(); // it was drawn already
      await page.getByRole("button", { name: "Queue, 0 active" }).waitFor();
    });

    it("reads an OME-Zarr as a folder and as an archive, with the same questions", async () => {
      const store = join(folder, "field.ome.zarr");
      for (const [path, bytes] of twoChannelStore()) {
        mkdirSync(dirname(join(store, path)), { recursive: true });
        writeFileSync(join(store, path), bytes);
      }
      await page.getByRole("button", { name: "upload" }).click();
      const dialog = page.getByRole("dialog", { name: "Nuclei of your own image" });
      const read = async () => {
        await dialog.getByText("field.ome.zarr.zip: 2 channels, 16 bits, 0.8000 µm per pixel").waitFor();
        await dialog.getByLabel("channel of the nuclei").selectOption("1");
        await dialog.getByText(/^3 whole nuclei/).waitFor();
        return pixelsOf(page, /^3 nuclei with their outlines/);
      };
      const choosing = page.waitForEvent("filechooser");
      await dialog.getByRole("button", { name: /^choose a folder/ }).click();
      await (await choosing).setFiles(store);
      const fromFolder = await read();
      const packed = Object.fromEntries([...twoChannelStore()].map(([path, bytes]) => [`a/${path}`, bytes]));
      await dialog.locator("input[type=file]").setInputFiles({
        ...{ name: "field.ome.zarr.zip", mimeType: "application/zip", buffer: Buffer.from(zipSync(packed)) },
      });
      await dialog.locator(".question").waitFor();
      expect(isSame(await read(), fromFolder)).toBe(true);
      await dialog.getByRole("button", { name: "Use them" }).click();
    });

    it("has thrown nothing in all of this", () => {
      expect(errors).toEqual([]);
    });
  },
);
