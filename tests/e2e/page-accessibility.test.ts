// Every screen of the page by the rules of axe (https://github.com/dequelabs/axe-core), dark and light, wide and on a phone, and
// the way through it by keys alone. Skipped by name where there is no Chromium.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveFolder } from "./browser/serve.ts";
import { buildStaticPage, executablePath, flags, openPage, withTinyModel } from "./page/site.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(!existsSync(executablePath))("the page for everyone (needs /usr/bin/chromium)", () => {
  const folder = mkdtempSync(join(tmpdir(), "proteoscope-page-"));
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await buildStaticPage(join(folder, "built"));
    withTinyModel(join(folder, "built"), join(folder, "tiny"));
    server = await serveFolder(join(folder, "tiny"));
    browser = await chromium.launch({ executablePath, args: flags });
    ({ page } = await openPage(browser, `${server.url}/index.html?device=wasm`));
    await page
      .getByRole("img", { name: /^Synthetic image of FBL/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: /^pin to compare/ }).click();
    await page.getByRole("group", { name: "Samples" }).getByRole("button").nth(1).click();
    await page.getByRole("button", { name: /^pin to compare/ }).click();
    await page.evaluate(axe);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const violations = () =>
    page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeRule[] }> } };
      interface AxeRule {
        readonly id: string;
        readonly nodes: readonly { readonly target: readonly string[] }[];
      }
      const { violations } = await axe.run();
      return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
    });

  const screens = ["Cells", "Compare", "Scan", "Atlas", "Gallery", "Similar"];
  for (const theme of ["dark", "light"] as const)
    for (const width of [1360, 375])
      it(`has no violation on any screen, ${theme}, ${width} pixels wide`, async () => {
        await page.setViewportSize({ width, height: 860 });
        const isOther = (await page.locator("html").getAttribute("data-theme")) !== theme;
        if (isOther) await page.getByRole("button", { name: /theme$/ }).click();
        const found: string[] = [];
        for (const name of screens) {
          await page.getByRole("tab", { name }).click();
          if (name === "Atlas") await page.getByRole("application", { name: /^Atlas of/ }).waitFor();
          found.push(...(await violations()).map((one) => `${name}: ${one}`));
        }
        expect(found).toEqual([]);
        const isWider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        expect(isWider).toBe(false);
      });

  it("has no violation in any dialog, each of which closes at Escape and gives the focus back", async () => {
    await page.setViewportSize({ width: 1360, height: 860 });
    const openers = [/^Queue, /, /^Device, model and weights/, "Keys", "upload", "paint"];
    for (const name of openers) {
      const opener = page.getByRole("button", { name, exact: true });
      await opener.click();
      await page.getByRole("dialog").waitFor();
      expect(await violations()).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      const focused = () => page.evaluate(() => document.activeElement?.textContent);
      await expect.poll(focused).toBe(await opener.textContent());
    }
  });

  it("is walked through in the order in which it is read, from the link to the images on", async () => {
    await page.reload();
    await page
      .getByRole("img", { name: /^Synthetic image of FBL/ })
      .first()
      .waitFor();
    const seen: string[] = [];
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press("Tab");
      seen.push(
        await page.evaluate(() => {
          const element = document.activeElement!;
          return element.getAttribute("aria-label") ?? element.textContent!.trim() ?? element.tagName;
        }),
      );
    }
    expect(seen[0]).toBe("To the images");
    expect(seen[1]).toMatch(/^Device, model and weights/);
    expect(seen.slice(2, 6)).toEqual(
      ["link", "Queue, 0 active", "theme", "Keys"].map((name) => expect.stringContaining(name)),
    );
  });

  it("goes through its views by keys", async () => {
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press("2");
    await page.getByRole("tab", { name: /^Compare/, selected: true }).waitFor();
    await page.getByRole("tab", { name: /^Compare/ }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: "Scan", selected: true }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("tab-scan");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
  });
});
