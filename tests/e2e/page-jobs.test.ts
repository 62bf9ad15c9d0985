// Jobs of the page that `proteoscope serve` shows, in Chromium: cancelled, found again after a reload and after the server was
// killed, and twenty of them in the queue. Skipped by name where there is no Chromium.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "@proteoscope/server/api";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violationsEverywhere } from "./page/axe.ts";
import { askApi, listJobs, newestJob, type PageServer, startPageServer } from "./page/server.ts";
import {
  coloursOf,
  executablePath,
  flags,
  isSame,
  meanOf,
  nextAnnouncement,
  openPage,
  pixelsOf,
} from "./page/site.ts";

describe.skipIf(!existsSync(executablePath))("jobs of the served page (needs /usr/bin/chromium)", () => {
  const data = mkdtempSync(join(tmpdir(), "proteoscope-served-"));
  let server: PageServer;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    server = await startPageServer(data);
    browser = await chromium.launch({ executablePath, args: flags });
    ({ page, errors } = await openPage(browser, server.url));
    await pixelsOf(page, /^Synthetic image of FBL/);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const setNumbers = async (numbers: Readonly<Record<string, number>>) => {
    for (const [name, value] of Object.entries(numbers))
      await page.getByLabel(name, { exact: true }).fill(String(value));
  };
  /** Submits what the page asks for by a key; the job as the server has it. */
  const submit = async (): Promise<Job> => {
    const before = (await listJobs(server)).length;
    await page.keyboard.press("Control+Enter");
    await expect.poll(async () => (await listJobs(server)).length, { timeout: 30_000 }).toBe(before + 1);
    return newestJob(server);
  };

  it("cancels a running job by keys and keeps its last preview, also after a reload and in the queue", async () => {
    await setNumbers({ steps: 500, samples: 16 });
    const { id } = await submit();
    const preview = await pixelsOf(page, /^Preview of the running job, step \d+ of 500/);
    expect(coloursOf(preview)).toBeGreaterThan(100);
    expect(meanOf(preview, 2)).toBeGreaterThan(5); // the nucleus is blue
    expect(await violationsEverywhere(page)).toEqual([]);
    await button("cancel").press("Enter");
    await page.getByText(/^Cancelled: step \d+ of 500/).waitFor();
    expect(coloursOf(await pixelsOf(page, /^Preview of a cancelled job/))).toBeGreaterThan(100);
    expect(await violationsEverywhere(page)).toEqual([]);
    const job = await askApi<Job>(server, `/jobs/${id}`);
    expect(job).toMatchObject({ state: "cancelled", result: null, preview: { steps: 500 } });
    await page.reload();
    const kept = await pixelsOf(page, /^Preview of a cancelled job, step \d+ of 500/);
    expect(coloursOf(kept)).toBeGreaterThan(100);
    await button(/^Queue, 0 active/).press("Enter");
    const row = page.getByRole("dialog", { name: "Queue" }).getByRole("article").first();
    await row.locator("img").waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
    await row.getByRole("button", { name: /^Show FBL/ }).press("Enter");
    expect(isSame(await pixelsOf(page, /^Preview of a cancelled job/), kept)).toBe(true);
  });

  it("finds a running job again after a reload", async () => {
    await setNumbers({ steps: 100, samples: 2 });
    const { id } = await submit();
    await page.getByText(/steps \d+ of 100/).waitFor();
    await page.reload();
    await page.getByText(/steps \d+ of 100/).waitFor();
    await pixelsOf(page, /^Preview of the running job, step \d+ of 100/);
    await nextAnnouncement(page, "The job is done.");
    expect(coloursOf(await pixelsOf(page, /^Synthetic image of FBL/))).toBeGreaterThan(100);
    expect(await askApi<Job>(server, `/jobs/${id}`)).toMatchObject({ state: "done", attempts: 1 });
  });

  it("goes on with a job whose server was killed, says so meanwhile, and has its picture once", async () => {
    await setNumbers({ steps: 100, samples: 2, seed: 1 });
    const { id } = await submit();
    await page.getByText(/steps \d+ of 100/).waitFor();
    await server.kill();
    await page.keyboard.press("Control+Enter");
    const problem = page.getByRole("alert").getByText("The server does not answer");
    await problem.waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
    const done = nextAnnouncement(page, "The job is done.");
    server = await startPageServer(data, Number(new URL(server.url).port));
    await page.getByRole("alert").getByRole("button", { name: "close" }).press("Enter");
    await done;
    expect(await askApi<Job>(server, `/jobs/${id}`)).toMatchObject({ state: "done", attempts: 2 });
    expect(
      (await listJobs(server)).filter(({ label, state }) => label === "FBL" && state === "done"),
    ).toHaveLength(3);
    const caption = page.locator(".caption").getByText(/library:1, seed 1/);
    await caption.waitFor();
    expect(coloursOf(await pixelsOf(page, /^Synthetic image of FBL/))).toBeGreaterThan(100);
    // Previews and progress come again, of a job that is submitted to the new server.
    await setNumbers({ steps: 500, samples: 16 });
    await submit();
    await pixelsOf(page, /^Preview of the running job, step \d+ of 500/);
    await button("cancel").press("Enter");
    await page.getByText(/^Cancelled: step \d+ of 500/).waitFor();
  });

  it("queues twenty jobs with their places, all of which end", async () => {
    await setNumbers({ steps: 500, samples: 16 });
    const { id } = await submit(); // the others wait for it
    await setNumbers({ steps: 4, samples: 1 });
    for (let seed = 0; seed < 19; seed++) {
      await setNumbers({ seed });
      await submit();
    }
    await button(/^Queue, 20 active/).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Queue" });
    for (const place of [0, 9, 18])
      await dialog.getByText(new RegExp(`queued, ${place} before it`)).waitFor();
    expect(await violationsEverywhere(page)).toEqual([]);
    await dialog.getByRole("article").first().getByRole("button", { name: "cancel" }).press("Enter");
    await dialog.getByText("Nothing runs or waits.").waitFor();
    const short = (await listJobs(server)).slice(0, 19);
    expect(short.map(({ state, attempts }) => [state, attempts])).toEqual(short.map(() => ["done", 1]));
    expect(await askApi<Job>(server, `/jobs/${id}`)).toMatchObject({ state: "cancelled" });
    const pictures = dialog.getByRole("article").locator("canvas");
    await expect.poll(() => pictures.count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(19);
    const newest = await pixelsOf(page, /^Synthetic image of FBL/);
    expect(coloursOf(newest)).toBeGreaterThan(50);
    expect(await violationsEverywhere(page)).toEqual([]);
  });

  it("has thrown nothing in all of this", () => {
    // A browser notes every request that a killed server does not answer.
    expect(errors.filter((one) => !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_NETWORK/.test(one))).toEqual(
      [],
    );
  });
});
