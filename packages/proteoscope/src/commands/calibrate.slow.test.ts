import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "@proteoscope/formats";
import { imageCompartments } from "@proteoscope/lab";
import { randomSequence, writeAtlas } from "@proteoscope/lab/testing";
import { judgedModelFiles } from "@proteoscope/lab/testing/judged-model";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let place: Workplace;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  place = createWorkplace(judgedModelFiles());
  atlas = await writeAtlas();
});
afterAll(async () => {
  place.remove();
  await atlas.remove();
});

const calibrate = (...words: string[]) => runWords(["calibrate", place.model, "--device", "cpu", ...words]);
const file = () => join(place.model, "localization", "calibration.json");
const localize = async () => {
  const { stdout } = await runWords(["localize", randomSequence(7, 20, "KR"), "--model", place.model]);
  return readCsv(stdout)[0]!;
};

describe("calibrate", () => {
  it("leaves a file in the model folder, by which localize answers", async () => {
    const before = await localize();
    const { exitCode, stdout, stderr } = await calibrate("--data", atlas.path);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe(`${file()}, from 12 proteins\n`);
    const { probabilities, posterior } = JSON.parse(readFileSync(file(), "utf8"));
    expect(Object.keys(probabilities.bias)).toEqual([...imageCompartments]);
    // The atlas knows the nucleus and the cytoplasm as wholes: all else is rare.
    const after = await localize();
    expect(Number(after.mitochondria)).toBeLessThan(Number(before.mitochondria));
    expect(posterior.bias.mitochondria).toBeLessThan(posterior.bias.nucleoplasm);
    const sum = ["nucleoplasm", "nucleolus", "nuclear_membrane", "nuclear_domains"].reduce(
      (none, name) => none * (1 - Number(after[name])),
      1,
    );
    expect(1 - sum).toBeGreaterThan(0.25);
  });

  it("fits the same again, whether calibrated before or not, and prints it as JSON", async () => {
    const before = readFileSync(file(), "utf8");
    expect((await calibrate("--data", atlas.path, "--json")).stdout).toBe(before);
  });

  it("says that checksums are older, and what is missing", async () => {
    writeFileSync(join(place.model, "SHA256SUMS"), "");
    expect((await calibrate("--data", atlas.path)).stderr).toMatch(/SHA256SUMS of .* write it anew\n$/);
    expect(await calibrate()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/--data is missing/),
    });
  });

  it("refuses a head of other compartments, and leaves no file", async () => {
    const other = createWorkplace();
    const words = ["calibrate", other.model, "--data", atlas.path];
    expect(await runWords(words)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/localization: "nucleus" is no compartment of the atlas/),
    });
    expect(existsSync(join(other.model, "localization", "calibration.json"))).toBe(false);
    other.remove();
  });
});
