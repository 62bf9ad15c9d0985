import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runCommandLine } from "../cli.ts";
import { recordCommandContext } from "../testing/command-context.ts";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

/** What a terminal obeys, line ends aside. */
const obeyed = /\p{Cf}|(?![\r\n])\p{Cc}/u;

const localize = (words: readonly string[], options = {}) =>
  runWords(["localize", ...words, "--model", place.model], options);

describe("localize", () => {
  it("prints a table as CSV: one row per protein, one column per compartment", async () => {
    const { exitCode, stdout, stderr } = await localize(["FBL", "MKTAYIAKQRQISFVKSHFSRQ"]);
    const window = "1 of 2 proteins: the language model was shown 24 residues, without those in `omitted`\n";
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: window });
    const rows = readCsv(stdout);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ id: "FBL", residues: "321", shown: "24", omitted: "13-309" });
    expect(rows[1]).toMatchObject({ id: "sequence", residues: "22", shown: "22", omitted: "", known: "" });
    for (const row of rows) {
      const probabilities = ["nucleus", "cytosol", "golgi_apparatus"].map((label) => Number(row[label]));
      for (const p of probabilities) expect(p > 0 && p < 1).toBe(true);
      expect(Number(row[row.compartment!])).toBe(Math.max(...probabilities));
    }
  });

  it("prints one JSON document, with the table in a file if asked for", async () => {
    const output = join(place.path, "tables", "compartments.csv");
    const input = ">a\nMKTAYIAK\n>b\nMKTAYIWW\n";
    const { exitCode, stdout } = await localize(["-", "--json", "-o", output], { input });
    expect(exitCode).toBe(0);
    const { model, proteins } = JSON.parse(stdout);
    expect(model).toMatchObject({
      name: "model",
      sha256: { "plm/config.json": expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(proteins.map(({ id }: { id: string }) => id)).toEqual(["a", "b"]);
    const rows = readCsv(readFileSync(output, "utf8"));
    expect(Number(rows[1]!.cytosol)).toBeCloseTo(proteins[1].probabilities.cytosol, 3);
  });

  it("says how near the nearest protein is whose annotation the model brings", async () => {
    const known = "MKRPAATKKAGQAKKKKLDKMKTAYIAK";
    const other = createWorkplace(randomModelFiles({ ...tinyShape, homolog: known }));
    const words = [known, "--json", "--model", other.model];
    const { proteins } = JSON.parse((await runWords(["localize", ...words])).stdout);
    expect(proteins[0]).toMatchObject({
      nearestHomolog: expect.closeTo(1, 9),
      compartment: "golgi_apparatus",
    });
    const without = JSON.parse((await localize([known, "--json"])).stdout);
    expect(without.proteins[0].nearestHomolog).toBeNull();
    other.remove();
  });

  it("puts what is known above what is predicted, and says what a variant is near", async () => {
    const known = "MKRPAATKKAGQAKKKKLDKMKTAYIAK";
    const annotation = { name: "golgi_apparatus", grade: 3 };
    const other = createWorkplace(
      randomModelFiles({ ...tinyShape, homolog: known, annotated: [annotation] }),
    );
    const fasta = other.file("variants.fasta", `>wild\n${known}\n>tail\n${known}W\n>other\nMKTAYIWW\n`);
    const words = ["localize", fasta, "--model", other.model];
    const rows = readCsv((await runWords(words)).stdout);
    expect(rows.map((row) => [row.known, row.near])).toEqual([
      ["golgi_apparatus (Test source, grade 3)", ""],
      ["", "KNOWN"],
      ["", ""],
    ]);
    const { proteins } = JSON.parse((await runWords([...words, "--json"])).stdout);
    expect(proteins[0]).toMatchObject({
      known: { accession: "P00001", gene: "KNOWN", annotations: [{ source: "Test source" }] },
      near: null,
    });
    expect(proteins[1].near.protein).toEqual(proteins[0].known);
    const alone = JSON.parse((await localize([fasta, "--json"])).stdout).proteins;
    for (const index of [0, 1]) expect(proteins[index].probabilities).toEqual(alone[index].probabilities);
    other.remove();
  });

  it("answers the other records where one is refused, names it and ends with code 3", async () => {
    const fasta = place.file("wrong.fasta", ">a\nMKTAYIAK\n>b\nMKJT\n>c\nMKTAYIWW\n");
    const output = join(place.path, "others.csv");
    const { exitCode, stdout, stderr } = await localize([fasta, "-o", output, "--json"]);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(
      `proteoscope: fasta: ${fasta}, record b: "J" in column 3 is not a residue (line 4); allowed are ACDEFGHIKLMNPQRSTVWY and X B U Z O\n` +
        "proteoscope: 1 of 3 records refused\n",
    );
    const { proteins, refused } = JSON.parse(stdout);
    expect(proteins.map(({ id }: { id: string }) => id)).toEqual(["a", "c"]);
    const reason = expect.stringContaining("is not a residue");
    expect(refused).toEqual([{ id: "b", file: fasta, line: 4, column: 3, reason }]);
    expect(readCsv(readFileSync(output, "utf8")).map(({ id }) => id)).toEqual(["a", "c"]);
  });

  it("prints no table where every record is refused, and does nothing where it is strict", async () => {
    const none = await localize(["-"], { input: ">b\nMKJT\n" });
    expect(none).toMatchObject({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringContaining("1 of 1 records"),
    });
    const json = await localize(["-", "--json"], { input: ">b\nMKJT\n" });
    expect(JSON.parse(json.stdout)).toMatchObject({ model: null, proteins: [], refused: [{ id: "b" }] });
    const output = join(place.path, "none.csv");
    const strict = await localize(["-", "--strict", "-o", output], { input: ">a\nMKT\n>b\nMKJT\n" });
    expect(strict).toMatchObject({ exitCode: 3, stdout: "" });
    expect(strict.stderr).toMatch(/^proteoscope: [^\n]*record b: [^\n]*\n$/);
    expect(existsSync(output)).toBe(false);
  });

  it("keeps what is done where it is interrupted, unless it is strict", async () => {
    const interrupt = async (output: string, ...words: string[]) => {
      const { commandContext, controller } = recordCommandContext();
      const progress = { write: () => controller.abort() }; // the first line of progress, after two seconds
      const context = { ...commandContext, stderr: Object.assign(commandContext.stderr, progress) };
      const many = place.file("many.fasta", ">a\nMKTAYIAK\n".repeat(20_000));
      const path = join(place.path, output);
      const command = ["localize", many, "-o", path, "--model", place.model, ...words];
      return { exitCode: await runCommandLine(command, context), path };
    };
    const kept = await interrupt("kept.csv");
    expect(kept.exitCode).toBe(130);
    const rows = readCsv(readFileSync(kept.path, "utf8"));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThan(20_000);
    const none = await interrupt("none.csv", "--strict");
    expect(none.exitCode).toBe(130);
    expect(existsSync(none.path)).toBe(false);
  });

  it("refuses an output that is its input before anything is read", async () => {
    const text = ">a\nMKTAYIAK\n";
    const fasta = place.file("input.fasta", text);
    for (const words of [
      [fasta, "-o", fasta],
      ["FBL", fasta, "-o", join(place.path, "model", "..", "input.fasta")],
      [join(place.path, "none.fasta"), fasta, "-o", fasta],
    ]) {
      const { exitCode, stdout, stderr } = await localize(words);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toMatch(/input\.fasta is an input of this command: name another output\n$/);
    }
    expect(readFileSync(fasta, "utf8")).toBe(text);
  });

  it.each(["plm/model.safetensors", "localization/model.safetensors"])(
    "refuses a model whose weights are no numbers: %s",
    async (path) => {
      const files = randomModelFiles();
      const { tensors } = readSafetensors(files.get(path)!);
      for (const { data } of tensors.values()) if (data instanceof Float32Array) data.fill(Number.NaN);
      const broken = createWorkplace(new Map([...files, [path, writeSafetensors(tensors)]]));
      const output = join(broken.path, "table.csv");
      const result = await runWords(["localize", "FBL", "--model", broken.model, "-o", output, "--json"]);
      expect(result).toMatchObject({ exitCode: 3, stdout: "" });
      expect(result.stderr).toMatch(/^proteoscope: model: .*no numbers; fetch the model again\n$/);
      expect(existsSync(output)).toBe(false);
      broken.remove();
    },
  );

  it("says in a note why the two compartments of a protein differ, where they do", async () => {
    const sequences = ["FBL", "TOMM20", "LMNA", "NPM1", "COX8A", "MKTAYIAKQRQISFVKSHFSRQ"];
    const { stdout } = await localize([...sequences, "--json"]);
    for (const { compartment, balancedCompartment, note } of JSON.parse(stdout).proteins) {
      if (compartment === balancedCompartment) expect(note).toBeNull();
      else expect(note).toMatch(new RegExp(`^not ${compartment}: .*, ${balancedCompartment} is the most`));
    }
  });

  it("explains its columns in its help", async () => {
    const { exitCode, stdout } = await runWords(["localize", "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /NOTES\n\n {2}`known` .*`near`.*`compartment`.*`balanced_compartment`.*`note`.*`omitted`/s,
    );
  });

  it("writes ids whole into files and pipes, and to a terminal without what it obeys", async () => {
    const id = `\u001b[31m${"x".repeat(90)},"\u202e`;
    const input = `>${id}\nMKTAYIAK\n`;
    const { stdout } = await localize(["-"], { input });
    expect(readCsv(stdout)[0]!.id).toBe(id);
    const json = await localize(["-", "--json"], { input });
    expect(JSON.parse(json.stdout).proteins[0].id).toBe(id);
    expect(json.stdout).not.toMatch(obeyed);
    const shown = await localize(["-"], { input, isTTY: true });
    expect(shown.stdout).not.toMatch(obeyed);
    expect(shown.stdout).toContain("\\u{1b}[31mxxx");
  });
});
