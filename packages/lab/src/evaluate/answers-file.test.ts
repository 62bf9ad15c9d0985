import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AnswerRecord, keyOf, openAnswers } from "./answers-file.ts";

const setup = { model: { "unet/config.json": "ab" }, settings: { steps: 15, guidance: 3 } };
const record = (crop: number): AnswerRecord => ({
  ...{ kind: "crop", crop, protein: "P", isSeen: true },
  ...{ drawn: 0.25, real: null, overlap: 0.5, otherOverlap: 0.4 },
  ...{ image: "AAAA", otherImage: "AAAA" },
});

describe("the records of a report folder", () => {
  let parent: string;
  let folder: string;
  let file: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "answers-"));
    folder = join(parent, "report");
    file = join(folder, "answers.jsonl");
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const open = (resume: boolean, of: typeof setup = setup) => openAnswers(folder, of, { resume });
  const write = async (crops: readonly number[], resume = false) => {
    const answers = await open(resume);
    for (const crop of crops) await answers.append(record(crop));
    await answers.close();
  };
  const lines = () => readFileSync(file, "utf8").split("\n");

  it("are lines below the setup, and are read back", async () => {
    await write([1, 2]);
    expect(lines()).toHaveLength(4);
    expect(JSON.parse(lines()[0]!)).toEqual(setup);
    const answers = await open(true);
    expect(answers.find(keyOf(record(2)))).toEqual(record(2));
    expect(answers.find("crop 3")).toBeUndefined();
    await answers.close();
  });

  it("go on where a kill has cut a line", async () => {
    await write([1, 2]);
    writeFileSync(file, readFileSync(file, "utf8").slice(0, -9));
    await write([2, 3], true);
    expect(
      lines()
        .slice(1, -1)
        .map((line) => JSON.parse(line).crop),
    ).toEqual([1, 2, 3]);
  });

  it("go on where a kill has cut the very first line", async () => {
    await write([1]);
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 10));
    await write([1], true);
    expect(JSON.parse(lines()[0]!)).toEqual(setup);
    expect(lines()).toHaveLength(3);
  });

  it("are neither overwritten nor taken from where none are", async () => {
    await expect(open(true)).rejects.toMatchObject({
      kind: "usage",
      message: /holds no evaluation to resume/,
    });
    await write([1]);
    await expect(open(false)).rejects.toMatchObject({ kind: "usage", field: "resume" });
  });

  it("are not mixed with those of another setup", async () => {
    await write([1]);
    const other = { ...setup, settings: { steps: 15, guidance: 2 } };
    await expect(open(true, other)).rejects.toMatchObject({ kind: "usage", message: /another settings/ });
    await write([2], true);
  });

  it("are refused by line where they are none", async () => {
    await write([1]);
    appendFileSync(file, '{"kind":"crop"}\n');
    await expect(open(true)).rejects.toThrow(/answers\.jsonl: crop: .* \(line 3\)/);
    writeFileSync(file, "{\n");
    await expect(open(true)).rejects.toMatchObject({ name: "FormatError", line: 1 });
  });

  it("keep a second process out, and leave no folder behind without a record", async () => {
    const answers = await open(false);
    await expect(open(false)).rejects.toThrow(/is in use/);
    await answers.close();
    expect(existsSync(folder)).toBe(false);
  });
});
