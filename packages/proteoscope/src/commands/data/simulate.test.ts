import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpy } from "@proteoscope/formats";
import { readCrops } from "@proteoscope/lab";
import { writeAtlas } from "@proteoscope/lab/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";

let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "simulate-"));
  atlas = await writeAtlas();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await atlas.remove();
});

async function simulate(words: readonly string[], interrupted = false) {
  const { commandContext, output, controller } = recordCommandContext();
  if (interrupted) controller.abort();
  const exitCode = await runCommandLine(["data", "simulate", ...words], commandContext);
  return { exitCode, ...output };
}

describe("proteoscope data simulate", () => {
  it("writes a data set of every compartment, a manifest and a contact sheet", async () => {
    const path = join(folder, "made");
    const words = ["--data", atlas.path, "-o", path, "--count", "25", "--seed", "3", "--json"];
    const { exitCode, stdout } = await simulate(words);
    expect(exitCode).toBe(0);
    expect((await readdir(path)).sort()).toEqual([
      ...["contact-sheet.png", "crops.csv", "crops.npy", "dataset.json", "fields.csv", "manifest.json"],
      ...["refused.csv", "splits.csv"],
    ]);
    const { crops } = await readCrops(path);
    expect(crops).toHaveLength(25);
    expect(new Set(crops.map(({ source }) => source))).toEqual(new Set(["simulated"]));
    expect(readNpy(await readFile(join(path, "crops.npy"))).shape).toEqual([25, 3, 16, 16]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ seed: 3, count: 25, compartments: { mitochondria: 3, Golgi: 2 } });
    expect(document.nuclei).toEqual([{ source: "gallery", pictures: 16, crops: 25, licences: ["CC0"] }]);
    expect(JSON.parse(await readFile(join(path, "manifest.json"), "utf8"))).toMatchObject({ seed: 3 });
  });

  it("is gone on with after an interrupt, and ends with the same bytes", async () => {
    const words = (name: string) => ["--data", atlas.path, "-o", join(folder, name), "--count", "70"];
    expect((await simulate(words("whole"))).exitCode).toBe(0);
    const { exitCode } = await simulate(words("interrupted"), true);
    expect(exitCode).toBe(130);
    expect(await readdir(join(folder, "interrupted"))).not.toContain("dataset.json");
    expect((await simulate(words("interrupted"))).exitCode).toBe(0);
    for (const name of await readdir(join(folder, "whole")))
      expect(await readFile(join(folder, "interrupted", name)), name).toEqual(
        await readFile(join(folder, "whole", name)),
      );
  });

  it.each([
    [["-o", "x"], /--data is missing/],
    [["--data", "x"], /-o is missing/],
    [["--data", "x", "-o", "y", "--count", "0"], /--count takes a whole number from 1/],
  ])("refuses %j in one line", async (words, message) => {
    const { exitCode, stderr } = await simulate(words);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
