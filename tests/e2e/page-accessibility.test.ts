// Every screen of the page by the rules of axe (https://github.com/dequelabs/axe-core), dark and light, wide and on a phone, and
// the way through it by keys alone. Skipped by name where there is no Chromium.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violationsEverywhere, violationsOf } from "./page/axe.ts";
import { executablePath, flags, openPage, serveTinyPage } from "./page/site.ts";

describe.skipIf(!existsSync(executablePath))("the page for everyone (needs /usr/bin/chromium)", () => {
  const folder = mkdtempSync(join(tmpdir(), "proteoscope-page-"));
  let server: Awaited<ReturnType<typeof serveTinyPage>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await serveTinyPage(folder);
    browser = await chromium.launch({ executablePath, args: flags });
    ({ page } = await openPage(browser, `${server.url}/index.html?device=wasm`));
    await page
      .getByRole("img", { name: /^Synthetic image of FBL/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: /^pin to compare/ }).click();
    await page.getByRole("group", { name: "Samples" }).getByRole("button").nth(1).click();
    await page.getByRole("button", { name: /^pin to compare/ }).click();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of ["Cells", "Compare", "Scan", "Atlas", "Gallery", "Similar"])
    it(`has no violation on ${name}, dark and light, wide and 375 pixels wide`, async () => {
      await page.getByRole("tab", { name }).click();
      if (name === "Atlas") await page.getByRole("application", { name: /^Atlas of/ }).waitFor();
      expect(await violationsEverywhere(page)).toEqual([]);
    });

  it("has no violation in any dialog, each of which closes at Escape and gives the focus back", async () => {
    const openers = [/^Queue, /, /^Device, model and weights/, "Keys", "upload", "paint"];
    for (const name of openers) {
      const opener = page.getByRole("button", { name, exact: true });
      await opener.click();
      await page.getByRole("dialog").waitFor();
      expect(await violationsOf(page)).toEqual([]);
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
