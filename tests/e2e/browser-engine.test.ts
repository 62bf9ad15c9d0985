// The engine in a browser: the same graphs, bundled, in Chromium, on wasm and on software WebGPU, against Node.
// Skipped by name where there is no Chromium; PROTEOSCOPE_CHROMIUM names one elsewhere.
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, createGenerator, initializeWeights, type NdArray, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { parseFasta, writeSafetensors } from "@proteoscope/formats";
import { openFolder } from "@proteoscope/models/node";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { golden, hashInput, hashWeights } from "../golden/fixture.ts";
import { drawFirstImage, type FirstImageRequest } from "./browser/first-image.ts";
import { type BrowserModelName, browserModels } from "./browser/models.ts";
import type { PageEngine, Plain } from "./browser/page.ts";
import { bundlePage, serveFolder } from "./browser/serve.ts";

const executablePath = process.env.PROTEOSCOPE_CHROMIUM ?? "/usr/bin/chromium";
const recorded = golden("unet_small_hash");
const tolerance = 1e-4;
/** Without a GPU every first shader is compiled for the processor: a minute or two for a denoiser on two idle cores. */
const softwareGpuMs = 15 * 60_000;

const modelFolder = join(repositoryRoot, "checkpoints/proteoscope-mini");
const isShipped = existsSync(join(modelFolder, "model_index.json"));
/** The shortest example, in the fewest steps of which one builds on another: each runs the whole denoiser. */
const request: FirstImageRequest = { sequence: exampleSequence("COX8A"), steps: 2 };

/** No sandbox inside a container; none of the browser's own requests; WebGPU by SwiftShader, on the processor. */
const flags =
  "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync " +
  "--use-angle=swiftshader --enable-unsafe-swiftshader --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader " +
  "--enable-features=Vulkan";

interface Case {
  weights: ReadonlyMap<string, NdArray>;
  feeds: Readonly<Record<string, NdArray>>;
}

function caseOf(name: BrowserModelName): Case {
  const { model, types } = browserModels[name];
  const { parameters } = trace(model, types);
  if (name === "graph") {
    const image = createGenerator(1, "image").normal(2 * 4 * 9 * 7);
    const tokens = BigInt64Array.of(0n, 3n, 5n, 5n, 1n, 2n);
    return {
      weights: initializeWeights(parameters, 2),
      feeds: {
        image: { dtype: "float32", shape: [2, 4, 9, 7], data: image },
        tokens: { dtype: "int64", shape: [2, 3], data: tokens },
      },
    };
  }
  const { tensors } = recorded;
  return {
    weights: hashWeights(parameters),
    feeds: {
      x: hashInput("x", [2, 5, 25, 25], 1.7),
      t: tensors.get("t")!,
      enc: hashInput("enc", [2, 9, 24], 1.7),
      mask: tensors.get("mask")!,
    },
  };
}

function exampleSequence(gene: string): string {
  const fasta = readFileSync(join(repositoryRoot, "examples/proteins.fasta"), "utf8");
  return parseFasta(fasta).find(({ description }) => description.startsWith(gene))!.sequence;
}

async function firstImageInNode(): Promise<Plain> {
  const runtime = await openRuntime({ device: "cpu" });
  const image = await drawFirstImage(runtime, openFolder(modelFolder), request);
  await runtime.close();
  return image;
}

async function runInNode(name: BrowserModelName, { weights, feeds }: Case): Promise<Plain> {
  const runtime = await openRuntime({ device: "cpu" });
  const { model, types } = browserModels[name];
  const program = await compile(runtime, model, types, { weights });
  const outputs = await program.run(feeds);
  await runtime.close();
  const plain = ({ shape, data }: NdArray) => ({ shape, values: Array.from(data as Float32Array) });
  return Object.fromEntries(Object.entries(outputs).map(([key, array]) => [key, plain(array)]));
}

/** Within the tolerance, of the largest value where that is above 1: the condition is in units of its deviation. */
function expectEqual(actual: Plain, expected: Plain): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [key, { shape, values }] of Object.entries(expected)) {
    expect(actual[key]!.shape, key).toEqual(shape);
    const worst = Math.max(...values.map((value, i) => Math.abs(value - actual[key]!.values[i]!)));
    const largest = Math.max(...values.map(Math.abs));
    expect(worst, key).toBeLessThan(tolerance * Math.max(1, largest));
  }
}

describe.skipIf(!existsSync(executablePath))("the engine in Chromium (needs /usr/bin/chromium)", () => {
  const folder = mkdtempSync(join(tmpdir(), "proteoscope-browser-"));
  const names: BrowserModelName[] = ["graph", "unet"];
  const expected = new Map<BrowserModelName, Plain>();
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await bundlePage(folder);
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><script type="module" src="/page.js"></script>',
    );
    for (const name of names) {
      const values = caseOf(name);
      const entries = (prefix: string, arrays: Iterable<readonly [string, NdArray]>) =>
        [...arrays].map(([key, array]) => [prefix + key, array] as const);
      const tensors = [...entries("w.", values.weights), ...entries("x.", Object.entries(values.feeds))];
      writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors(new Map(tensors)));
      expected.set(name, await runInNode(name, values));
    }
    server = await serveFolder(folder);
    browser = await chromium.launch({ executablePath, args: flags.split(" ") });
    page = await browser.newPage();
    page.setDefaultTimeout(softwareGpuMs);
    await page.goto(`${server.url}/index.html`);
    await page.waitForFunction(() => "engine" in globalThis);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = <K extends keyof PageEngine>(method: K, ...words: Parameters<PageEngine[K]>) =>
    page.evaluate(
      ([name, given]) => {
        const { engine } = globalThis as unknown as {
          engine: Record<string, (...all: unknown[]) => unknown>;
        };
        return engine[name]!(...given);
      },
      [method, words] as const,
    ) as ReturnType<PageEngine[K]>;

  it("the page is isolated, so that wasm may use threads", async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it("draws the same random numbers as Node, bit for bit", async () => {
    const inNode = Array.from(createGenerator(11, "browser").normal(20_000));
    expect(await call("normals", 11, 20_000)).toEqual(inNode);
  });

  for (const device of ["wasm", "webgpu"] as const) {
    it(
      `gives the outputs and gradients of Node on ${device}`,
      async () => {
        expectEqual(await call("run", "graph", device, "worker"), expected.get("graph")!);
      },
      softwareGpuMs,
    );

    it(`keeps state between runs on ${device}`, async () => {
      expect(await call("count", device, 4)).toEqual([2, 4, 7, 11]);
    });

    it(
      `gives the recorded output of the small denoiser on ${device}`,
      async () => {
        const outputs = await call("run", "unet", device, "worker");
        expectEqual(outputs, expected.get("unet")!);
        const { shape, data } = recorded.tensors.get("y")!;
        expectEqual(outputs, { y: { shape, values: Array.from(data as Float32Array) } });
      },
      softwareGpuMs,
    );
  }

  describe.skipIf(!isShipped)("with the shipped model, proteoscope-mini,", () => {
    let inNode: Plain;
    beforeAll(async () => {
      symlinkSync(modelFolder, join(folder, "model"));
      inNode = await firstImageInNode();
    });

    it("draws an image that is not flat", () => {
      expect(new Set(inNode.image!.values).size).toBeGreaterThan(1000);
    });

    for (const device of ["wasm", "webgpu"] as const) {
      it(
        `draws the first image of Node on ${device}`,
        async () => expectEqual(await call("firstImage", device, "/model", request), inNode),
        softwareGpuMs,
      );
    }
  });

  it("runs in the page itself where there is no worker", async () => {
    expectEqual(await call("run", "graph", "wasm", "page"), expected.get("graph")!);
  });

  it("leaves the page free while the worker runs", async () => {
    expect(await call("ticksDuring", names.at(-1)!, "wasm")).toBeGreaterThan(3);
  });

  it('"auto" takes the webgpu device where there is one', async () => {
    expect(await call("opened", "auto")).toBe("webgpu");
  });

  it("says what to do where the runtime's files are not served", async () => {
    const message = await call("failToOpen", "wasm", "/nowhere/");
    expect(message).toMatch(
      /^DeviceError: the device wasm does not work here .+ wasmPaths must be the URL of/s,
    );
  });
});
