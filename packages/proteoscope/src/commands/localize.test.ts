import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "@proteoscope/formats";
import { randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const localize = (words: readonly string[], options = {}) =>
  runWords(["localize", ...words, "--model", place.model], options);

describe("localize", () => {
  it("prints a table as CSV: one row a protein, one column a compartment", async () => {
    const { exitCode, stdout, stderr } = await localize(["FBL", "MKTAYIAKQRQISFVKSHFSRQ"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const rows = readCsv(stdout);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ id: "FBL", residues: "321", shown: "24" });
    expect(rows[1]).toMatchObject({ id: "sequence", residues: "22", shown: "22" });
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

  it("ends with code 3 at an unknown residue and writes no table", async () => {
    const fasta = place.file("wrong.fasta", ">a\nMKTAYIAK\n>b\nMKJT\n");
    const output = join(place.path, "none.csv");
    expect(await localize([fasta, "-o", output])).toMatchObject({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringContaining(`${fasta}, record b: "J" in column 3 is not a residue (line 4)`),
    });
    expect(existsSync(output)).toBe(false);
  });
});
