// The page as `proteoscope serve` shows it, with the shipped model and the embedded database, in Chromium: the first picture,
// and what a biologist does then, by keys. Raw values are read over the API and compared with what the page shows. Skipped by
// name where there is no Chromium.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "@proteoscope/server/api";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violationsEverywhere } from "./page/axe.ts";
import { askApi, listJobs, newestJob, type PageServer, readPlane, startPageServer } from "./page/server.ts";
import {
  executablePath,
  flags,
  isSame,
  meanOf,
  nextAnnouncement,
  openPage,
  type Pixels,
  pixelsOf,
} from "./page/site.ts";
import { twoChannels } from "./page/two-channels.ts";

type GenerateJob = Extract<Job, { kind: "generate" }>;
type MutateJob = Extract<Job, { kind: "mutate" }>;

describe.skipIf(!existsSync(executablePath))("the served page in Chromium (needs /usr/bin/chromium)", () => {
  const data = mkdtempSync(join(tmpdir(), "proteoscope-served-"));
  let server: PageServer;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    server = await startPageServer(data);
    await askApi(server, "/nuclei"); // which waits for the model
    browser = await chromium.launch({ executablePath, args: flags });
    ({ page, errors } = await openPage(browser, server.url));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  /** What has the focus, by its label or text. */
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement!;
      return element.getAttribute("aria-label") ?? element.textContent!.trim();
    });
  /** Does what begins a job, and waits until that job is done. */
  const untilDone = async (begin: () => Promise<unknown>) => {
    const done = nextAnnouncement(page, "The job is done.");
    await begin();
    await done;
  };
  const generate = () => untilDone(() => page.keyboard.press("Control+Enter"));
  const typeNumber = async (name: string, value: string) => {
    await page.getByLabel(name, { exact: true }).focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(value);
  };
  const firstCell = (job: Job) => (job as GenerateJob).result!.cells[0]!;

  it("shows a first picture without a click, which denoises meanwhile", async () => {
    const shown = await pixelsOf(page, /^Synthetic image of FBL, sample \d/);
    const { nucleus: address, samples, medoid, width } = firstCell(await newestJob(server));
    const nucleus = await readPlane(server, address);
    expect(overlap(maskOf(shownNucleus(shown, width)), maskOf(nucleus))).toBeGreaterThan(0.9);
    // Fibrillarin is in the nucleus.
    const protein = await readPlane(server, samples[medoid]!.protein);
    expect(enrichmentInside(protein, maskOf(nucleus))).toBeGreaterThan(1.3);
    await button(/^Device, model and weights/)
      .getByText("proteoscope-mini")
      .waitFor();
    // Previews are the only pictures that the page fetches as such; on a slow machine the job ends before there is one.
    const pictures = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .flatMap((entry) =>
          (entry as PerformanceResourceTiming).initiatorType === "img" ? Math.round(entry.responseEnd) : [],
        ),
    );
    console.log(
      `first picture that is being denoised: ${pictures[0] ?? "none"} ms after the address was opened`,
    );
    expect(await violationsEverywhere(page)).toEqual([]);
  });

  it("generates by keys alone, with the number that was typed last", async () => {
    await button("COX8A").press("Enter");
    await page.getByText(/COX8A, P10176, human/).waitFor();
    await typeNumber("seed", "3");
    await generate();
    const job = await newestJob(server);
    expect(job.request).toMatchObject({ seed: 3, nuclei: ["library:3"], proteins: [{ id: "COX8A" }] });
    const { nucleus, samples, width } = firstCell(job);
    const mask = maskOf(await readPlane(server, nucleus));
    expect(
      overlap(maskOf(shownNucleus(await pixelsOf(page, /^Synthetic image of COX8A/), width)), mask),
    ).toBeGreaterThan(0.9);
    // A mitochondrial protein is around the nucleus.
    expect(enrichmentInside(await readPlane(server, samples[0]!.protein), mask)).toBeLessThan(0.5);
  });

  it("changes a residue by keys and compares it with the wild type from the same noise", async () => {
    const before = firstCell(await newestJob(server));
    await page.getByRole("application", { name: /^Residues of COX8A/ }).focus();
    await page.keyboard.press("ArrowRight");
    for (let i = 0; i < 23; i++) await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Delete");
    expect(await page.locator(".variant code").textContent()).toBe("del:2-25");
    await generate();
    await page.getByRole("tab", { name: "Compare 2", selected: true }).waitFor();
    const { result } = (await newestJob(server)) as MutateJob;
    const [wild, mutant] = [result!.wildType.images[0]!, result!.variants[0]!.images[0]!];
    expect([mutant.nucleusId, mutant.seed, mutant.sample]).toEqual([wild.nucleusId, wild.seed, wild.sample]);
    const planes = [await readPlane(server, wild.protein), await readPlane(server, mutant.protein)] as const;
    expect(largestDifference(planes[0], await readPlane(server, before.samples[0]!.protein))).toBeLessThan(
      1e-4,
    );
    expect(meanDifference(...planes)).toBeGreaterThan(0.005);
    const shown = [
      await pixelsOf(page, /^Synthetic image of COX8A, sample 1/),
      await pixelsOf(page, /^Synthetic image of COX8A, del:2-25, sample 1/),
    ] as const;
    expect(overlap(maskOf(shownNucleus(shown[0], 100)), maskOf(shownNucleus(shown[1], 100)))).toBeGreaterThan(
      0.98,
    );
    expect(isSame(...shown)).toBe(false);
    await page.getByRole("rowheader", { name: "del:2-25" }).waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
  });

  it("moves the slider by its arrows, and presses the buttons of blinking by Space", async () => {
    await button("slider").press("Enter");
    const slider = page.getByLabel("Slider between the two pictures");
    await slider.focus();
    const [middle, label] = [await slider.inputValue(), /left of the slider/];
    const before = await pixelsOf(page, label);
    for (let i = 0; i < 40; i++) await page.keyboard.press("ArrowRight");
    expect(Number(await slider.inputValue())).toBeGreaterThan(Number(middle));
    expect(isSame(await pixelsOf(page, label), before)).toBe(false);
    await button("difference").press("Enter");
    const difference = await pixelsOf(page, /less that of COX8A/);
    expect(meanOf(difference, 0) + meanOf(difference, 2)).toBeGreaterThan(1);
    await button("blink").press("Enter");
    const first = await pixelsOf(page, /^Synthetic image of COX8A/);
    await button("turn").press(" ");
    expect(isSame(await pixelsOf(page, /^Synthetic image of COX8A/), first)).toBe(false);
    await button("side by side").press(" ");
    await page.locator("figure").nth(1).waitFor();
  });

  it("scans the protein by keys, and compares the window that was chosen", async () => {
    await page.getByRole("tab", { name: /^Compare/ }).focus();
    await page.keyboard.press("3");
    await page.getByRole("tab", { name: "Scan", selected: true }).waitFor();
    await typeNumber("draws of the null", "20");
    await untilDone(() => page.keyboard.press("Enter"));
    const plot = page.getByRole("application", { name: /^Effects of \d+ windows of COX8A/ });
    await plot.focus();
    await plot.waitFor();
    const bars = page.locator("rect.window");
    const heights = await bars.evaluateAll((all) => all.map((one) => Number(one.getAttribute("height"))));
    const { result } = (await newestJob(server)) as Extract<Job, { kind: "scan" }>;
    expect(heights).toHaveLength(result!.windows.length);
    const effects = result!.windows.map(({ effect }) => effect);
    expect(rankOf(heights)).toEqual(rankOf(effects)); // the bars are as high as the effects
    expect(await violationsEverywhere(page)).toEqual([]);
    await page.keyboard.press("ArrowRight");
    const { first, last } = result!.windows[1]!;
    expect(await plot.getAttribute("aria-label")).toContain(`Residues ${first} to ${last}`);
    await untilDone(() => button(`Delete ${first}–${last} and compare the pictures`).press("Enter"));
    await page.getByRole("rowheader", { name: `del:${first}-${last}`, exact: true }).waitFor();
  });

  it("reads a 16-bit TIFF with two channels, and generates around a nucleus of it", async () => {
    await page.getByRole("tab", { name: "Cells" }).press("Enter");
    await button("COX8A").press("Enter"); // without its changes
    await page.locator(".variant").waitFor({ state: "detached" });
    await button("upload").focus();
    for (let i = 0; i < 3; i++) await page.keyboard.down("Enter"); // held
    await page.keyboard.up("Enter");
    const dialog = page.getByRole("dialog", { name: "Nuclei of your own image" });
    await dialog.waitFor();
    await dialog.locator("input[type=file]").setInputFiles({
      ...{ name: "field.ome.tif", mimeType: "image/tiff", buffer: Buffer.from(twoChannels()) },
    });
    await dialog.getByText("field.ome.tif: 2 channels, 16 bits").waitFor();
    await dialog.locator(".question").waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
    await dialog.getByLabel("channel of the nuclei").selectOption("1");
    await dialog.getByText(/^3 whole nuclei/).waitFor();
    const { data: field } = await pixelsOf(page, /^3 nuclei with their outlines/);
    let outlined = 0;
    for (let at = 0; at < field.length; at += 4)
      if (field[at] === 255 && field[at + 1] === 193 && field[at + 2] === 77) outlined++;
    expect(outlined).toBeGreaterThan(100);
    expect(outlined).toBeLessThan(1000);
    expect(await violationsEverywhere(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Use them" }).press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await focused()).toBe("upload");
    await generate();
    const { nucleus, nucleusId, pixelSizeMicrons, width } = firstCell(await newestJob(server));
    expect(nucleusId).toMatch(/^upload:[0-9a-f]{64}:0$/);
    const mask = maskOf(await readPlane(server, nucleus));
    // The discs of the image are 16 micrometres wide.
    const [middle, radius] = [(width - 1) / 2, 8 / pixelSizeMicrons];
    const disc = Uint8Array.from(mask, (_, at) =>
      Math.hypot((at % width) - middle, Math.floor(at / width) - middle) < radius ? 1 : 0,
    );
    expect(overlap(mask, disc)).toBeGreaterThan(0.8);
    const shown = await pixelsOf(page, /^Synthetic image of COX8A/);
    expect(overlap(maskOf(shownNucleus(shown, width)), disc)).toBeGreaterThan(0.8);
  });

  it("generates what was typed a moment ago, and nothing where that is refused", async () => {
    const text = page.getByRole("textbox", { name: "Protein", exact: true });
    const sequence = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ";
    await text.fill(sequence);
    await generate();
    expect((await newestJob(server)).request).toMatchObject({ proteins: [{ sequence }] });
    const before = (await listJobs(server)).length;
    await text.fill("MKTAYIAKQRQISFVKSHFSRQ1EERLG");
    const refused = nextAnnouncement(page, "Nothing is generated:");
    await page.keyboard.press("Control+Enter");
    await refused;
    await page
      .locator(".refused")
      .getByText(/in column 23 is not a residue/)
      .waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
    expect(await listJobs(server)).toHaveLength(before);
  });

  it("opens every dialog by a key that is held, keeps it open, and gives the focus back", async () => {
    for (const name of [/^Queue, /, /^Device, model and weights/, "Keys", "upload", "paint"]) {
      await button(name).focus();
      const opener = await focused();
      for (let i = 0; i < 4; i++) await page.keyboard.down("Enter");
      await page.keyboard.up("Enter");
      await page.getByRole("dialog").waitFor();
      expect(await page.evaluate(() => document.activeElement!.closest("dialog") !== null)).toBe(true);
      await page.keyboard.press("Control+Enter"); // nothing behind a dialog is pressed
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await focused()).toBe(opener);
    }
    await button("Light theme").press("Enter");
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    await button("Dark theme").press("Enter");
  });

  it("begins one job by a key that is held, and shows the job of a row", async () => {
    await button("COX8A").press("Enter");
    await page.getByText(/COX8A, P10176, human/).waitFor();
    const before = (await listJobs(server)).length;
    await untilDone(async () => {
      for (let i = 0; i < 4; i++) await page.keyboard.down("g");
      await page.keyboard.up("g");
    });
    expect(await listJobs(server)).toHaveLength(before + 1);
    await button(/^Queue, /).press("Enter");
    const row = page.getByRole("dialog", { name: "Queue" }).getByRole("article", { name: /FBL/ }).last();
    await row.locator("canvas").waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
    await row.getByRole("button", { name: /^Show / }).press("Enter");
    await pixelsOf(page, /^Synthetic image of FBL/);
    expect(await focused()).toMatch(/^Queue, /);
  });

  it("has thrown nothing in all of this", () => {
    // A browser notes every answer that is no success: of these, the question which channel has the nuclei is meant.
    expect(errors.filter((one) => !/status of 422/.test(one))).toEqual([]);
  });
});

/** The nucleus of a picture, which alone is red in it, [side, side]. */
function shownNucleus({ width, height, data }: Pixels, side: number): Float32Array {
  return Float32Array.from({ length: side * side }, (_, at) => {
    const x = Math.floor((((at % side) + 0.5) / side) * width);
    const y = Math.floor(((Math.floor(at / side) + 0.5) / side) * height);
    return data[4 * (y * width + x)]!;
  });
}

/** 1 where a plane is above half of its maximum. */
function maskOf(plane: Float32Array): Uint8Array {
  const half = plane.reduce((most, value) => Math.max(most, value), 0) / 2;
  return Uint8Array.from(plane, (value) => (value > half ? 1 : 0));
}

/** The intersection of two masks over their union. */
function overlap(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (const [at, value] of a.entries()) {
    both += value & b[at]!;
    either += value | b[at]!;
  }
  return both / either;
}

/** The mean brightness inside a mask over that outside of it. */
function enrichmentInside(plane: Float32Array, mask: Uint8Array): number {
  let [inside, outside, area] = [0, 0, 0];
  for (const [at, value] of plane.entries()) {
    if (mask[at]) inside += value;
    else outside += value;
    area += mask[at]!;
  }
  return inside / area / (outside / (mask.length - area));
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}

/** The places of values from the smallest to the largest. */
function rankOf(values: readonly number[]): number[] {
  return [...values.keys()].sort((a, b) => values[a]! - values[b]! || a - b);
}
