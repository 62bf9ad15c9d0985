// The built page for tests in a browser: built once a run for a static host, then served with the shipped model, or with one of
// random weights that computes in a moment. Pixels are read from the canvases as the page draws them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readPng, readSafetensorsHeader } from "@proteoscope/formats";
import { loadedBytes } from "@proteoscope/microscope";
import { randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { inject } from "vitest";
import { repositoryRoot } from "../../architecture/repository.ts";
import { serveFolder } from "../browser/serve.ts";

export const executablePath = process.env.PROTEOSCOPE_CHROMIUM ?? "/usr/bin/chromium";

/** No sandbox inside a container; none of the browser's own requests; WebGL and WebGPU by SwiftShader, on the processor. */
export const flags = (
  "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update " +
  "--disable-sync --use-angle=swiftshader --enable-unsafe-swiftshader --enable-unsafe-webgpu " +
  "--use-webgpu-adapter=swiftshader --enable-features=Vulkan"
).split(" ");

/** The folder of the page for a static host, which the first caller of a run builds. */
export async function staticPage(): Promise<string> {
  const folder = inject("staticFolder");
  if (existsSync(join(folder, "model/files.json"))) return folder;
  const root = join(repositoryRoot, "packages/web");
  await build({
    ...{ root, configFile: join(root, "vite.config.ts"), mode: "static", logLevel: "error" },
    build: { outDir: folder, emptyOutDir: true },
  });
  return folder;
}

/** Serves the page with a model of random weights, from a folder that is made. */
export async function serveTinyPage(folder: string): ReturnType<typeof serveFolder> {
  withTinyModel(await staticPage(), folder);
  return serveFolder(folder);
}

/** The annotated protein of the model of random weights, which is called KNOWN. */
const homolog = "MKWVTFISLLFLFSSAYSRG";

/** A folder with the built page and a model of random weights. */
function withTinyModel(built: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ["index.html", "icon.svg", "assets", "onnxruntime"])
    symlinkSync(join(built, name), join(folder, name));
  const model = randomModelFiles({
    ...tinyShape,
    homolog,
    annotated: [{ name: "golgi_apparatus", grade: 3 }],
  });
  const files = [...model].map(([path, bytes]) => {
    const target = join(folder, "model", path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const tensorBytes = path.endsWith(".safetensors")
      ? loadedBytes(readSafetensorsHeader(bytes).entries.values())
      : undefined;
    return { path, bytes: bytes.length, sha256, tensorBytes };
  });
  writeFileSync(join(folder, "model/files.json"), JSON.stringify({ name: "tiny", files }));
  symlinkSync(join(repositoryRoot, "examples/proteins.fasta"), join(folder, "model/examples.fasta"));
}

/** A page of its own browser context, whose errors end up in `errors`. */
export async function openPage(browser: Browser, url: string, size = { width: 1360, height: 880 }) {
  const context = await browser.newContext({ viewport: size, acceptDownloads: true });
  await context.addInitScript("globalThis.__name = (f) => f"); // esbuild names the functions that tests send
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

/** Resolves when the page next announces a sentence, which may still stand there from an earlier time. */
export function nextAnnouncement(page: Page, sentence: string): Promise<void> {
  return page.evaluate(
    (text) =>
      new Promise<void>((resolve) => {
        const region = document.querySelector("[aria-live=polite]")!;
        const isThere = () => region.textContent?.includes(text) === true;
        let isNew = !isThere();
        new MutationObserver(() => {
          if (!isThere()) isNew = true;
          else if (isNew) resolve();
        }).observe(region, { childList: true, characterData: true, subtree: true });
      }),
    sentence,
  );
}

/** What a canvas shows, RGBA. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The pixels of the first canvas or picture of the stage, of the atlas or of a dialog whose label matches. */
export async function pixelsOf(page: Page, label: RegExp): Promise<Pixels> {
  const shown = page.locator(".large, .plot, figure, dialog").getByRole("img", { name: label }).first();
  await shown.waitFor();
  const address = await shown.evaluate(async (element) => {
    if (element instanceof HTMLCanvasElement) return element.toDataURL("image/png");
    const picture = element as HTMLImageElement;
    await picture.decode();
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: picture.naturalWidth, height: picture.naturalHeight });
    canvas.getContext("2d")!.drawImage(picture, 0, 0);
    return canvas.toDataURL("image/png");
  });
  const { width, height, channels, data } = readPng(Buffer.from(address.split(",")[1]!, "base64"));
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let at = 0; at < width * height; at++)
    for (let channel = 0; channel < channels; channel++)
      rgba[4 * at + channel] = data[at * channels + channel]!;
  return { width, height, data: rgba };
}

/** The mean of a channel of pixels, 0 red to 2 blue. */
export function meanOf({ data }: Pixels, channel: number): number {
  let sum = 0;
  for (let at = channel; at < data.length; at += 4) sum += data[at]!;
  return sum / (data.length / 4);
}

/** The number of different colours. */
export function coloursOf({ data }: Pixels): number {
  const seen = new Set<number>();
  for (let at = 0; at < data.length; at += 4)
    seen.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!);
  return seen.size;
}

/** Whether two canvases show the same. */
export function isSame(a: Pixels, b: Pixels): boolean {
  return Buffer.compare(Buffer.from(a.data), Buffer.from(b.data)) === 0;
}

/** The first cell of the newest result in the page's database. */
export function readStored(page: Page) {
  return page.evaluate(async () => {
    const request = <T>(asked: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    const database = await request(indexedDB.open("proteoscope"));
    const jobs = await request(database.transaction("jobs").objectStore("jobs").getAll());
    const last = jobs
      .filter(({ state }) => state === "done")
      .sort((a, b) => (a.created < b.created ? 1 : -1))[0];
    const result = await request(database.transaction("results").objectStore("results").get(last.id));
    database.close();
    const [cell] = result.cells;
    return {
      nucleus: Array.from(cell.nucleus as Float32Array),
      images: Array.from(cell.images as Float32Array),
      width: cell.width as number,
    };
  });
}
