import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, readPng, writePng } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256Hex } from "../../sha256.ts";
import { recordsOfShard, type ScreenInput, type ScreenResult, type Shard } from "../records.ts";
import { finishScreen } from "./finish-screen.ts";
import { mergeShards } from "./merge-shards.ts";
import { openScreenFolder, type ScreenDescription } from "./screen-folder.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "proteoscope-screen-"));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const description: ScreenDescription = {
  ...{ schema: 1, model: { name: "tiny", sha256: { weights: "ab" } } },
  ...{ labels: ["nucleus", "cytosol"], images: { steps: 2 } },
};
const inputs: ScreenInput[] = Array.from({ length: 11 }, (_, index) =>
  index % 5 === 3
    ? { refused: { id: `P${index}`, file: "a,b.fasta", line: index, reason: "no\nresidue" } }
    : { record: { id: `P${index}`, sequence: "MK".repeat(index + 1), file: "a,b.fasta", line: index } },
);
const png = (value: number) =>
  writePng({ width: 30, height: 20, channels: 3, depth: 8, data: new Uint8Array(1800).fill(value) });

/** A result as the networks might give it. */
async function resultOf({ record, refused }: ScreenInput): Promise<ScreenResult> {
  if (record === undefined) return { refused };
  const { id, sequence, file, line } = record;
  const p = sequence.length / 40;
  const probabilities = { nucleus: p, cytosol: 1 - p };
  const compartment = p > 0.5 ? "nucleus" : "cytosol";
  const localized = {
    ...{
      id,
      residues: sequence.length,
      shown: sequence.length,
      compartment,
      balancedCompartment: compartment,
    },
    ...{ omitted: null, known: null, near: null, note: null },
    ...{ probabilities, posterior: probabilities, nearestHomolog: null },
  };
  const picture = { png: png(sequence.length), protein: new Float32Array(0) };
  return {
    done: { record: { id, file, line }, sequenceSha256: await sha256Hex(sequence), localized, picture },
  };
}

/** Writes the results of the first `most` records that have none. */
async function screen(folder: string, shard?: Shard, most = Infinity, given = inputs): Promise<number> {
  const open = await openScreenFolder(folder, description, shard);
  try {
    let written = 0;
    for await (const input of open.remaining(recordsOfShard(given, shard ?? { index: 0, count: 1 }))) {
      if (written === most) return written;
      await open.append(await resultOf(input));
      written++;
    }
    await open.complete();
    return written;
  } finally {
    await open.close();
  }
}

/** All files by path. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.sort().map((file) => [file.slice(folder.length), readFileSync(file, "latin1")]),
  );
}

const table = () => readFileSync(join(path, "results.csv"), "utf8");

describe("the folder of a screen", () => {
  it("has one row per record, with its status, and pictures by the digest of their bytes", async () => {
    await screen(path);
    const rows = readCsv(table());
    expect(rows.map(({ id }) => id)).toEqual(inputs.map((_, index) => `P${index}`));
    expect(rows[3]).toMatchObject({
      status: "refused: no; residue",
      file: "a,b.fasta",
      line: "3",
      picture: "",
    });
    expect(rows[4]).toMatchObject({
      status: "done",
      residues: "10",
      nucleus: "0.2500",
      compartment: "cytosol",
    });
    const { picture } = rows[4]!;
    const bytes = readFileSync(join(path, picture!));
    expect(picture).toBe(`pictures/${(await sha256Hex(bytes)).slice(0, 2)}/${await sha256Hex(bytes)}.png`);
    expect(readPng(bytes).data[0]).toBe(10);
  });

  it("goes on behind the last whole row, and ends with the same bytes", async () => {
    const other = join(path, "other");
    await screen(other);
    const interrupted = join(path, "interrupted");
    expect(await screen(interrupted, undefined, 4)).toBe(4);
    appendFileSync(join(interrupted, "results.csv"), "P4,done,half a r");
    expect(await screen(interrupted)).toBe(7);
    expect(await screen(interrupted)).toBe(0);
    expect(filesOf(interrupted)).toEqual(filesOf(other));
  });

  it.each(Array.from({ length: 12 }, (_, cut) => cut * 25))(
    "goes on wherever its table was cut: %d bytes before its end",
    async (cut) => {
      await screen(path);
      const whole = table();
      writeFileSync(join(path, "results.csv"), whole.slice(0, whole.length - cut));
      await screen(path);
      expect(table()).toBe(whole);
    },
  );

  it("refuses another input, and other settings", async () => {
    await screen(path, undefined, 5);
    const changed = inputs.with(2, { record: { id: "P2", sequence: "MW", file: "x", line: 1 } });
    await expect(screen(path, undefined, 9, changed)).rejects.toThrow(
      /another input: record 3 is "P2", in the input "P2"/,
    );
    await expect(screen(path, undefined, 9, inputs.slice(0, 2))).rejects.toThrow(
      /record 3 is "P2", where the input ends/,
    );
    const model = { name: "tiny", sha256: { weights: "cd" } };
    await expect(openScreenFolder(path, { ...description, model })).rejects.toThrow(
      /other settings \(model\.sha256\.weights: "ab" there, "cd" here\)/,
    );
    await expect(openScreenFolder(path, { ...description, images: null })).rejects.toThrow(
      /images: some there, none here/,
    );
    expect(await screen(path)).toBe(6);
  });

  it.each(["", '{"schema": 1, "mod', "null", '{"schema": 1, "labels": ["nucleus"]}'])(
    "names a screen.json that is damaged: %s",
    async (text) => {
      await screen(path, undefined, 5);
      const file = join(path, "screen.json");
      const whole = readFileSync(file, "utf8");
      writeFileSync(file, text);
      const damaged = /screen\.json is damaged: remove it and screen again with the same settings/;
      await expect(screen(path)).rejects.toThrow(damaged);
      await expect(finishScreen(path)).rejects.toMatchObject({
        kind: "data",
        message: expect.stringMatching(damaged),
      });
      rmSync(file);
      expect(await screen(path)).toBe(6);
      expect(readFileSync(file, "utf8")).toBe(whole);
    },
  );

  it("is written by one process at a time", async () => {
    const first = await openScreenFolder(path, description);
    writeFileSync(join(path, "results.csv.lock"), `elsewhere 12\n`);
    await expect(openScreenFolder(path, description)).rejects.toThrow(
      /another process writes these results \(process 12 on/,
    );
    writeFileSync(join(path, "results.csv.lock"), `${(await import("node:os")).hostname()} 1\n`);
    await expect(openScreenFolder(path, description)).rejects.toThrow(/\(process 1, /);
    await first.close();
    expect(existsSync(join(path, "results.csv.lock"))).toBe(false);
    // A process of this machine that is gone.
    writeFileSync(join(path, "results.csv.lock"), `${(await import("node:os")).hostname()} 4194999\n`);
    expect(await screen(path)).toBe(11);
  });
});

describe("shards", () => {
  it("become the table of one run", async () => {
    const whole = join(path, "whole");
    await screen(whole);
    const parts = join(path, "parts");
    for (const index of [2, 0, 1]) await screen(parts, { index, count: 3 });
    await mergeShards(parts);
    const [one, merged] = [filesOf(whole), filesOf(parts)];
    for (const name of Object.keys(merged)) if (name.startsWith("/shards/")) delete merged[name];
    expect(merged).toEqual(one);
  });

  it("are named where they are missing or not complete", async () => {
    await expect(mergeShards(path)).rejects.toThrow(/holds no screen/);
    await screen(path, { index: 0, count: 3 });
    await screen(path, { index: 2, count: 3 }, 1);
    await expect(mergeShards(path)).rejects.toThrow(/shard 2 of 3 is missing/);
    await screen(path, { index: 1, count: 3 });
    await expect(mergeShards(path)).rejects.toThrow(/shard 3 of 3 is not complete/);
    await screen(path, { index: 2, count: 3 });
    await mergeShards(path);
    expect(readCsv(table())).toHaveLength(11);
    await screen(path, { index: 0, count: 2 });
    await expect(mergeShards(path)).rejects.toThrow(/shards of .* and of /);
  });

  it("that lost rows at a line's end are named, and done again", async () => {
    for (const index of [0, 1, 2]) await screen(path, { index, count: 3 });
    const second = join(path, "shards/2-of-3.csv");
    const whole = readFileSync(second, "utf8");
    writeFileSync(second, whole.split("\n").slice(0, 3).join("\n").concat("\n"));
    await expect(mergeShards(path)).rejects.toThrow(/shard 2 of 3 holds 2 rows of 4: run it again/);
    expect(existsSync(join(path, "results.csv"))).toBe(false);
    expect(await screen(path, { index: 1, count: 3 })).toBe(2);
    expect(readFileSync(second, "utf8")).toBe(whole);
    await mergeShards(path);
    expect(readCsv(table())).toHaveLength(11);
  });

  it("of several inputs, or without their number of rows, are not merged", async () => {
    await screen(path, { index: 0, count: 2 });
    await screen(path, { index: 1, count: 2 }, undefined, inputs.slice(0, 8));
    await expect(mergeShards(path)).rejects.toThrow(/shards hold 6, 4 rows, which are not of one input/);
    rmSync(join(path, "shards/2-of-2.json"));
    await expect(mergeShards(path)).rejects.toThrow(
      /2-of-2\.json: gives no number of rows: run shard 2 of 2/,
    );
  });
});

describe("the end of a screen", () => {
  it("is a Parquet file, a contact sheet and a page with the same numbers", async () => {
    await screen(path);
    const summary = await finishScreen(path);
    expect(summary).toMatchObject({ done: 9, refused: 2, compartments: { nucleus: 1, cytosol: 8 } });
    expect(summary.refusals).toEqual([
      { id: "P3", place: "a,b.fasta, line 3", reason: "no; residue" },
      { id: "P8", place: "a,b.fasta, line 8", reason: "no; residue" },
    ]);
    expect(summary.examples.cytosol!.map(({ id }) => id)).toEqual([
      "P0",
      "P1",
      "P2",
      "P4",
      "P5",
      "P6",
      "P7",
      "P9",
    ]);
    const parquet = readFileSync(join(path, "results.parquet"));
    expect(parquet.subarray(0, 4).toString()).toBe("PAR1");
    const sheet = readPng(readFileSync(join(path, "contact-sheet.png")));
    expect([sheet.width, sheet.height]).toEqual([6 + 8 * 36, 6 + 2 * 36]);
    const page = readFileSync(join(path, "summary.html"), "utf8");
    expect(page).toContain("9 done, 2 refused");
    expect(page.match(/data:image\/png;base64,/g)).toHaveLength(9);
    expect(page).not.toMatch(/<script|(?:src|href)="(?:https?:)?\/\//);
    const before = filesOf(path);
    await finishScreen(path);
    expect(filesOf(path)).toEqual(before);
  });

  it("names a picture that is gone, and what draws it again", async () => {
    await screen(path);
    const whole = filesOf(path);
    rmSync(join(path, "pictures"), { recursive: true });
    await expect(finishScreen(path)).rejects.toMatchObject({
      kind: "notFound",
      message: expect.stringMatching(
        /pictures.*\.png is gone, which results\.csv names: remove results\.csv and shards, and screen again/,
      ),
    });
    for (const name of ["results.csv", "results.parquet"]) rmSync(join(path, name), { force: true });
    expect(await screen(path)).toBe(11);
    expect(filesOf(path)).toEqual(whole);
    expect((await finishScreen(path)).done).toBe(9);
  });
});
