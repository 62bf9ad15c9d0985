import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runWords } from "../testing/model-folder.ts";

const folder = join(tmpdir(), "proteoscope-study-never-made");
const rest = ["--data", join(tmpdir(), "proteoscope-no-such-atlas"), "-o", folder];

describe("proteoscope study", () => {
  it.each([
    [["study", ...rest], /--vary is missing/],
    [["study", "--vary", "proteins=0.5", "-o", folder], /--data is missing/],
    [["study", "--vary", "proteins=0.5", "--data", "."], /-o is missing/],
    [["study", "nothing", "--vary", "proteins=0.5", ...rest], /cannot train "nothing"; one of plm, /],
    [["study", "plm", "--vary", "protein=0.5", ...rest], /did you mean proteins\?/],
    [
      ["study", "plm", "--vary", "proteins=0.5", "--vary", "proteins=1", ...rest],
      /"proteins" is varied twice/,
    ],
    [["study", "plm", "--vary", "model=huge", ...rest], /train plm has no preset "huge"/],
    [["study", "plm", "--vary=proteins=2", ...rest], /protein_fraction/],
  ])("refuses %j before there is a folder", async (words, message) => {
    const { exitCode, stderr } = await runWords(words);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(folder)).toBe(false);
  });
});
