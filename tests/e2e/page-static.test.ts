// The page that computes by itself, built and in Chromium, with a model of random weights: what a biologist does with it, by
// pointer and by keys, and what the pixels are. Skipped by name where there is no Chromium.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openImage } from "@proteoscope/formats";
import { unzipSync } from "fflate";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  coloursOf,
  executablePath,
  flags,
  isSame,
  meanOf,
  nextAnnouncement,
  openPage,
  pixelsOf,
  readStored,
  serveTinyPage,
} from "./page/site.ts";
import { twoChannels } from "./page/two-channels.ts";

describe.skipIf(!existsSync(executablePath))("the static page in Chromium (needs /usr/bin/chromium)", () => {
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
  const status = (text: string | RegExp) =>
    page.locator("[aria-live=polite]").getByText(text).waitFor({ state: "attached" });
  const openTab = (name: string) => page.getByRole("tab", { name }).click();
  /** Changes a number as a user does. */
  const setNumber = async (name: string, value: string) => {
    await page.getByLabel(name, { exact: true }).fill(value);
    await page.getByLabel(name, { exact: true }).press("Tab");
  };
  const generate = async () => {
    const done = nextAnnouncement(page, "The job is done.");
    await page.getByRole("button", { name: /^Generate|^Compare with/ }).click();
    await done;
  };
  it("shows a first picture without a click, on the first nucleus of the library", async () => {
    const pixels = await pixelsOf(page, /^Synthetic image of FBL, sample \d/);
    expect(coloursOf(pixels)).toBeGreaterThan(200);
    expect(meanOf(pixels, 2)).toBeGreaterThan(5); // the nucleus is blue
    expect(meanOf(pixels, 1)).toBeGreaterThan(5); // the protein is green
    expect(await page.getByText("synthetic", { exact: true }).first().isVisible()).toBe(true);
    await page
      .getByRole("button", { name: /Device, model and weights/ })
      .getByText("tiny")
      .waitFor();
    expect(errors).toEqual([]);
  });

  it("draws by WebGL what the values are, and display changes the picture and no value", async () => {
    await page.getByLabel("blend between pixels").uncheck();
    const before = await readStored(page);
    const side = before.width;
    const expectShown = async (limit: number) => {
      const shown = await pixelsOf(page, /^Synthetic image of FBL, sample 1/);
      let worst = 0;
      for (let y = 0; y < side; y += 3)
        for (let x = 0; x < side; x += 3) {
          const at =
            4 *
            (Math.floor(((y + 0.5) / side) * shown.height) * shown.width +
              Math.floor(((x + 0.5) / side) * shown.width));
          const protein = Math.min(1, before.images[y * side + x]! / limit);
          const nucleus = before.nucleus[y * side + x]!;
          const colour = [40 * nucleus, 90 * nucleus + 255 * protein, 255 * nucleus + 80 * protein];
          for (const [channel, value] of colour.entries())
            worst = Math.max(worst, Math.abs(Math.min(255, value) - shown.data[at + channel]!));
        }
      expect(worst).toBeLessThanOrEqual(2);
    };
    await page.getByRole("group", { name: "Samples" }).getByRole("button").first().click();
    await expectShown(1);
    await page
      .getByRole("group", { name: /Protein/i })
      .getByLabel("max", { exact: true })
      .fill("0.4");
    await page.keyboard.press("Tab");
    await expectShown(0.4);
    expect(await readStored(page)).toEqual(before);
    await page.getByRole("button", { name: "reset" }).click();
  });

  it("zooms by keys about the middle and shows a shorter scale bar", async () => {
    const panel = page.locator(".large").getByRole("group").first();
    const whole = await pixelsOf(page, /^Synthetic image of FBL/);
    const bar = await page.locator(".large .bar").textContent();
    await panel.focus();
    for (let i = 0; i < 6; i++) await page.keyboard.press("+");
    const zoomed = await pixelsOf(page, /^Synthetic image of FBL/);
    expect(isSame(zoomed, whole)).toBe(false);
    expect(Number.parseFloat((await page.locator(".large .bar").textContent())!)).toBeLessThan(
      Number.parseFloat(bar!),
    );
    await page.keyboard.press("0");
    expect(isSame(await pixelsOf(page, /^Synthetic image of FBL/), whole)).toBe(true);
  });

  it("marks a refused residue at its place", async () => {
    const text = page.getByRole("textbox", { name: "Protein", exact: true });
    await text.fill("MKTAYIAKQRQISFVKSHFSRQ1EERLG");
    await page.getByText(/in column 23 is not a residue/).waitFor();
    expect(await page.locator("mark").textContent()).toBe("1");
    await text.fill("MKTAYIAKQRQISFVKSHFSRQLEERLG");
    await page.getByText(/sequence: 28 residues/).waitFor();
    expect(await page.locator("mark").count()).toBe(0);
  });

  it("changes residues by keys alone, undoes, and compares the variant with the wild type", async () => {
    await page.getByRole("button", { name: "COX8A" }).click();
    await page.getByText(/COX8A, P10176, human/).waitFor();
    const grid = page.getByRole("application", { name: /^Residues of COX8A/ });
    await grid.focus();
    for (const key of ["ArrowRight", "ArrowRight", "w"]) await page.keyboard.press(key);
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Delete");
    const variant = page.locator(".variant code");
    expect(await variant.textContent()).toBe("V3W+del:4-6");
    await page.keyboard.press("Control+z");
    expect(await variant.textContent()).toBe("V3W");
    await page.keyboard.press("Control+Shift+z");
    expect(await variant.textContent()).toBe("V3W+del:4-6");
    await page.keyboard.press("Control+Enter");
    await status("The job is done.");
    await page.getByRole("tab", { name: "Compare 2", selected: true }).waitFor();
    const [wild, mutant] = [
      await pixelsOf(page, /^Synthetic image of COX8A, sample 1/),
      await pixelsOf(page, /^Synthetic image of COX8A, V3W/),
    ];
    expect(coloursOf(wild)).toBeGreaterThan(50);
    expect(isSame(mutant, wild)).toBe(false);
    await page.getByRole("rowheader", { name: "V3W+del:4-6" }).waitFor();
  });

  it("shows their difference, the two halves of a slider, and one after the other", async () => {
    const wild = await pixelsOf(page, /^Synthetic image of COX8A, sample 1/);
    await page.getByRole("button", { name: "difference" }).click();
    const difference = await pixelsOf(page, /^Protein of COX8A, V3W.+ less that of COX8A/);
    expect(meanOf(difference, 0) + meanOf(difference, 2)).toBeGreaterThan(0.05);
    expect(meanOf(difference, 1)).toBeLessThan(meanOf(wild, 1));
    await page.getByRole("button", { name: "slider" }).click();
    const label = /left of the slider/;
    await page.getByLabel("Slider between the two pictures").fill("1");
    const left = await pixelsOf(page, label);
    await page.getByLabel("Slider between the two pictures").fill("0");
    const right = await pixelsOf(page, label);
    await page.getByLabel("Slider between the two pictures").fill("0.5");
    const both = await pixelsOf(page, label);
    expect(isSame(left, right)).toBe(false);
    const row = 4 * both.width * Math.floor(both.height / 2);
    const quarter = row + 4 * Math.floor(both.width / 4);
    const last = row + 4 * Math.floor((3 * both.width) / 4);
    const end = row + 4 * both.width;
    expect(Buffer.from(both.data.slice(row, quarter))).toEqual(Buffer.from(left.data.slice(row, quarter)));
    expect(Buffer.from(both.data.slice(last, end))).toEqual(Buffer.from(right.data.slice(last, end)));
    await page.getByRole("button", { name: "blink" }).click();
    const first = await pixelsOf(page, /^Synthetic image of COX8A/);
    await page.getByRole("button", { name: "turn" }).press(" ");
    expect(isSame(await pixelsOf(page, /^Synthetic image of COX8A/), first)).toBe(false);
  });

  it("scans the protein, and a window becomes a change that is compared", async () => {
    await openTab("Scan");
    await page.getByLabel("window", { exact: true }).fill("10");
    await page.getByLabel("draws of the null").fill("20");
    await page.getByRole("button", { name: /^Scan COX8A/ }).click();
    const plot = page.getByRole("application", { name: /^Effects of \d+ windows of COX8A/ });
    await plot.waitFor();
    expect(await page.locator("rect.window").count()).toBeGreaterThan(4);
    const heights = await page
      .locator("rect.window")
      .evaluateAll((all) => all.map((one) => Number(one.getAttribute("height"))));
    expect(Math.max(...heights)).toBeGreaterThan(Math.min(...heights));
    await plot.focus();
    await page.keyboard.press("ArrowRight");
    expect(await plot.getAttribute("aria-label")).toContain("Residues 12 to 21");
    await page.getByRole("button", { name: "Delete 12–21 and compare the pictures" }).click();
    await page.getByRole("tab", { name: /^Compare/, selected: true }).waitFor();
    await page.getByRole("rowheader", { name: /del:12-21/ }).waitFor();
  });

  it("reads a 16-bit TIFF with two channels, asks which is the nucleus, and outlines what it finds", async () => {
    await page.getByRole("button", { name: "upload" }).click();
    const dialog = page.getByRole("dialog", { name: "Nuclei of your own image" });
    await dialog.locator("input[type=file]").setInputFiles({
      ...{ name: "field.ome.tif", mimeType: "image/tiff", buffer: Buffer.from(twoChannels()) },
    });
    await dialog.getByText("field.ome.tif: 2 channels, 16 bits").waitFor();
    await dialog.locator(".question").waitFor();
    await dialog.getByLabel("channel of the nuclei").selectOption("1");
    await dialog.getByText(/^3 whole nuclei/).waitFor();
    const { data } = await pixelsOf(page, /^3 nuclei with their outlines/);
    let outlined = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === 255 && data[at + 1] === 193 && data[at + 2] === 77) outlined++;
    expect(outlined).toBeGreaterThan(60);
    expect(outlined).toBeLessThan(600);
    await dialog.getByRole("button", { name: "Use them" }).click();
    await openTab("Cells");
    await page.getByRole("button", { name: "FBL" }).click();
    await page.getByText(/FBL, P22087, human/).waitFor();
    await generate();
    await page
      .locator(".caption")
      .getByText(/upload:[0-9a-f]{16}:0/)
      .waitFor();
    expect(coloursOf(await pixelsOf(page, /^Synthetic image of FBL/))).toBeGreaterThan(50);
  });

  it("takes a nucleus that was painted by keys", async () => {
    await page.getByRole("button", { name: "paint" }).click();
    const canvas = page.getByRole("application", { name: /^Canvas/ });
    await canvas.focus();
    for (const key of ["ArrowLeft", "ArrowUp", " "]) await page.keyboard.press(key);
    await page.getByRole("button", { name: "Use this nucleus" }).click();
    await generate();
    await page
      .locator(".caption")
      .getByText(/upload:/)
      .waitFor();
  });

  it("cancels a running job and keeps its last preview, also after a reload", async () => {
    await setNumber("steps", "500");
    await setNumber("samples", "16");
    await page.getByRole("button", { name: /^Generate/ }).click();
    const preview = await pixelsOf(page, /^Preview of the running job/);
    expect(coloursOf(preview)).toBeGreaterThan(50);
    await page.getByRole("button", { name: "cancel" }).first().click();
    await page.getByText(/^Cancelled: step \d+ of 500/).waitFor();
    expect(coloursOf(await pixelsOf(page, /^Preview of a cancelled job/))).toBeGreaterThan(50);
    await page.reload();
    expect(coloursOf(await pixelsOf(page, /^Preview of a cancelled job/))).toBeGreaterThan(50);
    await page.getByText(/^Cancelled: step \d+ of 500/).waitFor();
  });

  it("goes on with a job after the page was reloaded", async () => {
    await setNumber("steps", "150");
    await setNumber("samples", "4");
    await page.getByRole("button", { name: /^Generate/ }).click();
    await page.getByText(/steps \d+ of 150/).waitFor();
    await page.reload();
    await page.getByText(/steps \d+ of 150/).waitFor();
    await status("The job is done.");
    expect(coloursOf(await pixelsOf(page, /^Synthetic image of/))).toBeGreaterThan(50);
  });

  it("queues twenty jobs with their places, and clears them", async () => {
    await setNumber("steps", "500");
    for (let i = 0; i < 20; i++) {
      await setNumber("seed", String(i));
      await page.getByRole("button", { name: /^Generate/ }).click();
    }
    await page.getByRole("button", { name: /^Queue, / }).click();
    const dialog = page.getByRole("dialog", { name: "Queue" });
    await dialog.getByText(/queued, 10 before it/).waitFor();
    expect(await dialog.getByRole("article").count()).toBeGreaterThanOrEqual(20);
    await dialog.getByRole("button", { name: "cancel all" }).click();
    await dialog.getByText("Nothing runs or waits.").waitFor();
    await dialog.getByRole("button", { name: "clear finished" }).click();
    await page.waitForFunction(() => document.querySelectorAll("dialog article").length === 0);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("saves a zip with raw values and provenance, and the job's JSON is taken back", async () => {
    await setNumber("steps", "4");
    await setNumber("seed", "5");
    await openTab("Cells");
    await generate();
    const saving = page.waitForEvent("download");
    await page.getByLabel("Save", { exact: true }).selectOption("zip");
    const files = unzipSync(new Uint8Array(readFileSync((await (await saving).path())!)));
    const names = Object.keys(files);
    const provenance = JSON.parse(
      Buffer.from(files[names.find((name) => name.endsWith("provenance.json"))!]!).toString(),
    );
    expect(provenance).toMatchObject({ synthetic: true, settings: { seed: 5, steps: 4 } });
    const stack = await openImage(files[names.find((name) => name.endsWith(".ome.tiff"))!]!);
    const plane = await stack.readPlane({ c: 0, z: 0, t: 0 });
    const { images, width } = await readStored(page);
    expect(Array.from(plane.data as Float32Array)).toEqual(images.slice(0, width * width));
    const job = JSON.parse(Buffer.from(files["job.json"]!).toString());
    await setNumber("seed", "9");
    await page.getByRole("textbox", { name: "Protein", exact: true }).evaluate((element, text) => {
      const data = new DataTransfer();
      data.setData("text", text);
      element.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, JSON.stringify(job));
    await status("The job's protein, nuclei and settings are taken over.");
    expect(await page.getByLabel("seed", { exact: true }).inputValue()).toBe("5");
  });

  it("reopens a view by its link, with its changes and its display", async () => {
    await page.getByRole("button", { name: "COX8A" }).click();
    await page.getByText(/COX8A, P10176, human/).waitFor();
    await page.getByRole("application", { name: /^Residues of COX8A/ }).focus();
    for (const key of ["ArrowRight", "a"]) await page.keyboard.press(key);
    await page
      .getByRole("group", { name: /Protein/i })
      .getByLabel("gamma")
      .fill("0.5");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "link" }).click();
    await status("The link to this view is copied.");
    const other = await openPage(browser, page.url());
    await other.page.locator(".variant code").getByText("S2A").waitFor();
    const gamma = other.page.getByRole("group", { name: /Protein/i }).getByLabel("gamma");
    expect(await gamma.inputValue()).toBe("0.5");
    expect(await other.page.getByLabel("seed", { exact: true }).inputValue()).toBe("5");
    await other.page.context().close();
  });

  it("lists past jobs in the gallery, filtered, and recalls a seed", async () => {
    await openTab("Gallery");
    await page.getByText(/^\d+ of \d+ jobs$/).waitFor();
    await page.getByLabel("gene, compartment or seed:7").fill("seed:5 fbl");
    const row = page.getByRole("article").first();
    await row.waitFor();
    await setNumber("seed", "3");
    await row.getByRole("button", { name: "recall seed" }).click();
    expect(await page.getByLabel("seed", { exact: true }).inputValue()).toBe("5");
    const model = page.getByRole("combobox", { name: /^model/ });
    const names = await model.getByRole("option").allTextContents();
    expect(names).toEqual(["all", expect.stringMatching(/^tiny [0-9a-f]{8}$/)]);
    await model.selectOption({ label: names[1]! });
    await row.waitFor();
    await page.getByLabel("gene, compartment or seed:7").fill("nothing of it");
    await page.getByText(/^0 of \d+ jobs$/).waitFor();
  });

  it("has thrown nothing in all of this", () => expect(errors).toEqual([]));
});
