import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readPng } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";
import {
  createWorkplace,
  fieldOfNuclei,
  runWords,
  tiffOf,
  type Workplace,
} from "../../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

let place: Workplace;
let fasta: string;
beforeAll(() => {
  place = createWorkplace();
  fasta = place.file("some.fasta", ">a\nMKTAYIAK\n>b\nMKJT\n>c\nMKTAYIWW\n>d\nMWWWWKTA\n");
});
afterAll(() => place.remove());

const screen = (words: readonly string[], options = {}) =>
  runWords(["screen", ...words, "--model", place.model], options);
const rowsOf = (output: string) => readCsv(readFileSync(join(output, "results.csv"), "utf8"));

/** Runs with other environment variables. */
async function screenWith(env: Record<string, string>, words: readonly string[]) {
  const { commandContext, output } = recordCommandContext(env);
  const exitCode = await runCommandLine(["screen", ...words, "--model", place.model], commandContext);
  return { exitCode, ...output };
}

describe("screen", () => {
  it("writes a row per record, names the refused one, and ends with code 3", async () => {
    const output = join(place.path, "first");
    const { exitCode, stdout, stderr } = await screen([fasta, "FBL", "-o", output, "--no-images"]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 3,
      stdout: expect.stringMatching(/^4 proteins done, 1 refused: .*results\.csv\n/),
    });
    expect(stderr).toMatch(
      new RegExp(`^proteoscope: ${fasta}, line 4, b: .*"J" in column 3 is not a residue`),
    );
    const rows = rowsOf(output);
    expect(rows.map(({ id, status, line }) => [id, status!.slice(0, 7), line])).toEqual([
      ...[
        ["a", "done", "1"],
        ["b", "refused", "4"],
        ["c", "done", "5"],
        ["d", "done", "7"],
      ],
      ["FBL", "done", ""],
    ]);
    const single = await runWords([
      "localize",
      fasta,
      "--model",
      place.model,
      "-o",
      join(place.path, "l.csv"),
    ]);
    expect(single.exitCode).toBe(3);
    const [, , third] = readCsv(readFileSync(join(place.path, "l.csv"), "utf8"));
    expect(rows[3]).toMatchObject(third!);
    for (const name of ["results.parquet", "summary.html", "screen.json"])
      expect(existsSync(join(output, name))).toBe(true);
    expect(existsSync(join(output, "pictures"))).toBe(false);
  });

  it("draws each protein on one nucleus, those of a picture as well", async () => {
    const nucleus = place.file("nuclei.ome.tif", tiffOf(fieldOfNuclei()));
    const output = join(place.path, "drawn");
    const words = [fasta, "-o", output, "--steps", "2", "--samples", "2", "--nucleus", nucleus, "--json"];
    const { exitCode, stdout } = await screen(words);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ output, done: 3, refused: 1, refusals: [{ id: "b" }] });
    const pictures = rowsOf(output).flatMap(({ picture }) => (picture === "" ? [] : [picture!]));
    expect(new Set(pictures).size).toBe(3);
    for (const picture of pictures) {
      const { text } = readPng(readFileSync(join(output, picture)));
      const { nucleus: origin, settings } = JSON.parse(text.provenance!);
      expect(origin).toMatchObject({ image: "nuclei.ome.tif", nucleus: 0 });
      expect(settings).toMatchObject({ samples: 2, steps: 2 });
    }
    expect(existsSync(join(output, "contact-sheet.png"))).toBe(true);
    const other = await screen([fasta, "-o", output, "--steps", "3"]);
    expect(other).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/images\.steps: 2 there, 3 here.*\(-o\)\n$/),
    });
  });

  it("screens nothing of a file with a bad record where it is strict", async () => {
    const output = join(place.path, "strict");
    const { exitCode, stderr } = await screen([fasta, "-o", output, "--strict"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: expect.stringMatching(/^proteoscope: fasta: .*record b/),
    });
    expect(existsSync(output)).toBe(false);
  });

  it("does a shard of the records, which --merge puts together", async () => {
    const whole = join(place.path, "first-whole");
    await screen([fasta, "-o", whole, "--no-images"]);
    const output = join(place.path, "shards");
    const slurm = {
      SLURM_ARRAY_TASK_ID: "5",
      SLURM_ARRAY_TASK_MIN: "4",
      SLURM_ARRAY_TASK_MAX: "5",
      SLURM_ARRAY_TASK_COUNT: "2",
    };
    const second = await screenWith(slurm, [fasta, "-o", output, "--no-images", "--json"]);
    expect(second.exitCode).toBe(3);
    const refusals = [{ id: "b", place: `${fasta}, line 4`, reason: expect.stringContaining('"J"') }];
    expect(JSON.parse(second.stdout)).toEqual({ output, shard: "2/2", records: 2, refused: 1, refusals });
    expect(second.stderr).toMatch(/line 4, b: .*"J" in column 3 .*\nproteoscope: 1 of 2 records refused\n$/);
    const again = await screen([fasta, "-o", output, "--no-images", "--shard", "2/2"]);
    expect(again).toMatchObject({ exitCode: 3, stderr: second.stderr });
    const early = await screen(["--merge", "-o", output]);
    expect(early).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("shard 1 of 2 is missing") });
    const first = await screenWith({ JOB_COMPLETION_INDEX: "0", JOB_COMPLETIONS: "2" }, [
      fasta,
      "-o",
      output,
      "--no-images",
    ]);
    expect(first).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("shard 1/2: 2 records, 0 refused"),
    });
    expect((await screen(["--merge", "-o", output])).exitCode).toBe(3);
    for (const name of readdirSync(whole))
      expect(readFileSync(join(output, name))).toEqual(readFileSync(join(whole, name)));
  });

  it.each([
    [{}, ["--shard", "3/2"], /--shard is i\/N with i from 1 to N/],
    [{}, ["--shard", "0/2"], /--shard is i\/N/],
    [{ JOB_COMPLETION_INDEX: "0" }, [], /say which shard this is with --shard/],
    [
      {
        SLURM_ARRAY_TASK_ID: "3",
        SLURM_ARRAY_TASK_MIN: "3",
        SLURM_ARRAY_TASK_MAX: "7",
        SLURM_ARRAY_TASK_COUNT: "2",
      },
      [],
      /this Slurm array is not one range: say which shard/,
    ],
    [{}, ["--steps", "0"], /--steps takes a whole number from 1/],
  ])("refuses %j %j", async (env, words, message) => {
    const { exitCode, stderr } = await screenWith(env, [fasta, "-o", join(place.path, "none"), ...words]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
    expect(existsSync(join(place.path, "none"))).toBe(false);
  });

  it("refuses an output that is one of its inputs, before the work", async () => {
    const input = place.file("own.fasta", ">a\nMKTAYIAK\n");
    const refused = {
      exitCode: 2,
      stderr: expect.stringMatching(/ is an input of this command: name another/),
    };
    expect(await screen([input, "-o", input])).toMatchObject(refused);
    const file = place.file("notes.txt", "a file");
    expect(await screen([fasta, "-o", file])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/notes\.txt: there is a file of that name, a folder is needed/),
    });
    expect(await screen([fasta, "--nucleus", input, "-o", input])).toMatchObject(refused);
    expect(await screen(["--manifest", input, "-o", input])).toMatchObject(refused);
    expect(await screen([fasta, "-o", place.model])).toMatchObject(refused);
    expect(readFileSync(input, "utf8")).toBe(">a\nMKTAYIAK\n");
  });

  it("asks for proteins where there are none", async () => {
    expect(await screen([])).toMatchObject({ exitCode: 2, stderr: "proteoscope: <protein> is missing\n" });
  });

  it("prints job scripts that give each task its shard", async () => {
    const words = ["a b.fasta", "-o", "out", "--no-images", "--seed", "3", "--shards", "4"];
    const slurm = await screen([...words, "--print", "slurm"]);
    const command = `proteoscope screen 'a b.fasta' --output out --seed 3 --model ${place.model} --no-images`;
    expect(slurm.stdout).toContain("#SBATCH --array=1-4\n");
    expect(slurm.stdout).toContain(`exec ${command} --shard "$SLURM_ARRAY_TASK_ID/4"\n`);
    const { stdout } = await screen([...words, "--print", "kubernetes"]);
    expect(parse(stdout)).toMatchObject({ kind: "Job", spec: { completionMode: "Indexed", completions: 4 } });
    const [{ args }] = parse(stdout).spec.template.spec.containers;
    expect(args[0]).toBe(`${command} --shard "$((JOB_COMPLETION_INDEX + 1))/4" || [ $? = 3 ]`);
    expect(stdout).toContain("proteoscope screen --merge -o out\n");
  });
});
