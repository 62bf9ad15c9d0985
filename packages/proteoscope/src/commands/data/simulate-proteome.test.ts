import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCrops, readProteinTruth } from "@proteoscope/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runWords } from "../../testing/model-folder.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "simulate-proteome-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const simulate = (...words: string[]) => runWords(["data", "simulate-proteome", ...words]);

describe("proteoscope data simulate-proteome", () => {
  it("writes a data set with its truth, and the same bytes for the same seed", async () => {
    const words = ["--proteins", "3", "--crops", "5", "--sequences", "20", "--side", "48", "--seed", "4"];
    const path = (name: string) => join(folder, name);
    const { exitCode, stdout } = await simulate(...words, "-o", path("a"), "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ proteins: 3, sequences: 20, side: 48, images: 15, seed: 4 });
    expect((await readCrops(path("a"))).crops).toHaveLength(15);
    expect(await readProteinTruth(path("a"))).toHaveLength(23);
    const { source } = JSON.parse(readFileSync(path("a/dataset.json"), "utf8"));
    expect(source).toBe("simulated-proteome");
    const check = await runWords(["data", "check", path("a")]);
    expect([check.exitCode, check.stdout + check.stderr]).toEqual([
      0,
      expect.stringMatching(/: 0 problems, 0 warnings/),
    ]);
    await simulate(...words, "-o", path("b"));
    for (const file of ["crops.npy", "cells.npy", "crops_truth.csv", "proteins.csv", "contact-sheet.png"])
      expect(readFileSync(path(`b/${file}`)).equals(readFileSync(path(`a/${file}`))), file).toBe(true);
  });

  it.each([
    [[], 2, /-o is missing/],
    [["-o", "x", "--crops", "4"], 2, /--crops takes a whole number from 5/],
    [["-o", "x", "--side", "101"], 2, /--side takes a whole number from 32 to 100/],
  ])("refuses %j", async (words, code, message) => {
    const { exitCode, stderr } = await simulate(...words);
    expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)]);
    expect(existsSync("x")).toBe(false);
  });

  it("refuses a folder that holds another data set", async () => {
    const { exitCode, stderr } = await simulate("-o", join(folder, "a"), "--proteins", "4", "--crops", "5");
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/is a data set already/)]);
  });
});
