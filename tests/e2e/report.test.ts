// report.html and comparison.html as people read them, in Chromium without a network: axe finds nothing, labels are not cut, the
// map shows images under the pointer and by keyboard, and it prints. Skipped by name where there is no Chromium.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judgedModelFiles, writeJudgedAtlas } from "../../packages/lab/src/testing/judged-model.ts";
import { createWorkplace, runWords } from "../../packages/proteoscope/src/testing/model-folder.ts";

const executablePath = process.env.PROTEOSCOPE_CHROMIUM ?? "/usr/bin/chromium";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(!existsSync(executablePath))("the report in a browser", () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  let cleanUp: () => Promise<void>;
  const requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "report-"));
    const place = createWorkplace(judgedModelFiles());
    const atlas = await writeJudgedAtlas();
    cleanUp = async () => {
      place.remove();
      await atlas.remove();
      rmSync(folder, { recursive: true });
    };
    const quick = [
      "--data",
      atlas.path,
      "--proteins",
      "6",
      "--steps",
      "1",
      "--samples",
      "2",
      "--device",
      "cpu",
    ];
    for (const seed of ["0", "1"]) {
      const output = join(folder, `report-${seed}`);
      const words = [
        "evaluate",
        place.model,
        ...quick,
        "--seed",
        seed,
        "-o",
        output,
        "--sweep-guidance",
        "1,3",
      ];
      expect(await runWords(words)).toMatchObject({ exitCode: 0 });
    }
    const reports = ["report-0", "report-1"].map((name) => join(folder, name));
    const comparison = await runWords(["evaluate", "compare", ...reports, "-o", join(folder, "comparison")]);
    expect(comparison).toMatchObject({ exitCode: 0 });
    expect(comparison.stdout).toMatch(/^\d+ measures of both, \d+ whose difference is clear of 0/);
    browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-background-networking"],
    });
    page = await browser.newPage({ offline: true });
    page.on("request", (request) => requests.push(request.url()));
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp?.();
  });

  const open = async (path: string) => {
    await page.goto(pathToFileURL(join(folder, path)).href);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
  };

  it.each(["report-0/report.html", "comparison/comparison.html"])(
    "%s has nothing that axe objects to",
    async (path) => {
      await open(path);
      await page.addScriptTag({ content: axe });
      const found = await page.evaluate(() =>
        (
          globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          }
        ).axe.run(),
      );
      expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`)).toEqual([]);
    },
  );

  it.each(["report-0/report.html", "comparison/comparison.html"])(
    "%s cuts no label of a chart",
    async (path) => {
      await open(path);
      const { texts, cut } = await page.evaluate(() => {
        const texts = [...document.querySelectorAll("svg text")];
        const outside = texts.filter((text) => {
          const [own, chart] = [text.getBoundingClientRect(), text.closest("svg")!.getBoundingClientRect()];
          const slack = 1;
          return (
            own.left < chart.left - slack ||
            own.right > chart.right + slack ||
            own.top < chart.top - slack ||
            own.bottom > chart.bottom + slack
          );
        });
        return { texts: texts.length, cut: outside.map((text) => text.textContent) };
      });
      expect(texts).toBeGreaterThan(5);
      expect(cut).toEqual([]);
    },
  );

  it.each(["report-0/report.html", "comparison/comparison.html"])(
    "%s fits the width of a phone",
    async (path) => {
      await page.setViewportSize({ width: 390, height: 800 });
      await open(path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      await page.setViewportSize({ width: 1280, height: 800 });
    },
  );

  it("asks for nothing from a network", () => {
    expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
  });

  it("shows the image of a point of the map under the pointer, and the next one by an arrow key", async () => {
    await open("report-0/report.html");
    await page.hover('[data-point="3"]');
    const text = page.locator("#umap-text");
    const position = () =>
      page.$eval("#umap-image", (image) => (image as HTMLElement).style.backgroundPosition);
    expect(await text.textContent()).toMatch(/^(real|generated): /);
    const before = await position();
    await page.focus("#umap-keys");
    await page.keyboard.press("ArrowRight");
    expect(await position()).not.toBe(before);
    expect(await page.$$eval("[data-point][r='8']", (points) => points.length)).toBe(1);
  });

  it("has the numbers of every chart in a table behind it", async () => {
    await open("report-0/report.html");
    const alone = await page.evaluate(
      () =>
        [...document.querySelectorAll("svg")].filter((chart) => {
          const section = chart.closest("details, section")!;
          return section.querySelector("table") === null;
        }).length,
    );
    expect(alone).toBe(0);
  });

  it("prints, with what was folded unfolded", async () => {
    await page.goto(pathToFileURL(join(folder, "report-0/report.html")).href);
    await page.emulateMedia({ media: "print" });
    const isUnfolded = await page.$$eval("details > :not(summary)", (parts) =>
      parts.every((part) => (part as HTMLElement).checkVisibility({ contentVisibilityAuto: true })),
    );
    expect(isUnfolded).toBe(true);
    expect((await page.pdf()).length).toBeGreaterThan(20_000);
    await page.emulateMedia({ media: "screen" });
  });
});
