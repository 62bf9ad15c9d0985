// The static page with the shipped model: its first picture is that of Node from the same seed. The screenshot of
// the README is made here, where PROTEOSCOPE_RECORD asks for it. Skipped by name where there is no Chromium.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openRuntime } from "@proteoscope/engine/node";
import { parseFasta } from "@proteoscope/formats";
import {
  generate,
  nucleusOfLibrary,
  openMicroscope,
  readModel,
  readModelNuclei,
} from "@proteoscope/microscope";
import { openFolder } from "@proteoscope/models/node";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";
import { serveFolder } from "./browser/serve.ts";
import { executablePath, flags, openPage, readStored, staticPage } from "./page/site.ts";

const tolerance = 1e-4;

describe.skipIf(!existsSync(executablePath))(
  "the static page with proteoscope-mini (needs /usr/bin/chromium)",
  () => {
    let server: Awaited<ReturnType<typeof serveFolder>>;
    let browser: Browser;

    beforeAll(async () => {
      server = await serveFolder(await staticPage());
      browser = await chromium.launch({ executablePath, args: flags });
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    it("draws the picture of Node without a click", async () => {
      const { page, errors } = await openPage(browser, `${server.url}/index.html?device=wasm`, {
        width: 1440,
        height: 900,
      });
      page.setDefaultTimeout(240_000);
      await page
        .getByRole("img", { name: /^Synthetic image of FBL/ })
        .first()
        .waitFor();
      const { images } = await readStored(page);
      const expected = await imagesOfNode();
      const worst = Math.max(...images.map((value, at) => Math.abs(value - expected[at]!)));
      expect(images).toHaveLength(expected.length);
      expect(worst).toBeLessThan(tolerance);
      expect(errors).toEqual([]);
      await page.getByText("Annotated:").waitFor();
      if (process.env.PROTEOSCOPE_RECORD)
        await page.screenshot({ path: join(repositoryRoot, "docs/page.png") });
    });
  },
);

/** The same request as the page's first. */
async function imagesOfNode(): Promise<Float32Array> {
  const folder = openFolder(join(repositoryRoot, "checkpoints/proteoscope-mini"));
  const fasta = readFileSync(join(repositoryRoot, "examples/proteins.fasta"), "utf8");
  const { sequence } = parseFasta(fasta).find(({ description }) => description.startsWith("FBL"))!;
  const runtime = await openRuntime({ device: "cpu" });
  const microscope = openMicroscope(runtime, await readModel(folder));
  const nuclei = [nucleusOfLibrary(await readModelNuclei(folder), 0)];
  const settings = { samples: 2, steps: 12, sampler: "dpm++", guidance: 3, seed: 0 } as const;
  for await (const cell of generate(microscope, { proteins: [{ id: "FBL", sequence }], nuclei, settings })) {
    await microscope.close();
    await runtime.close();
    return cell.images.images;
  }
  throw new Error("nothing was generated");
}
