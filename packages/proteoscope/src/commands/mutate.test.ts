import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readPng } from "@proteoscope/formats";
import { parseVariant } from "@proteoscope/microscope/experiments";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readProteins } from "../proteins.ts";
import { createWorkplace, fieldOfNuclei, runWords, tiffOf, type Workplace } from "../testing/model-folder.ts";
import { mutateCommand } from "./mutate.ts";

vi.setConfig({ testTimeout: 60_000 });

const sequence = "MKRPAATKKAGQAKKKKLDKMKTAYIAK";
let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const cells = ["--nuclei", "2", "--samples", "2", "--steps", "2", "--draws", "20", "--device", "cpu"];
const mutate = (words: readonly string[]) =>
  runWords(["mutate", sequence, ...words, ...cells, "--model", place.model]);

describe("proteoscope mutate", () => {
  it("writes a table, JSON and one picture, and prints what each variant changes", async () => {
    const output = join(place.path, "mutants");
    const { exitCode, stdout } = await mutate(["K2A", "signal:KDEL@C", "-o", output]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\nK2A\n +change +K at 2 becomes A; 28 residues\n/);
    expect(stdout).toMatch(/\nsignal:KDEL@C\n +change +KDEL KDEL at the C terminus \(calreticulin, P27797/);
    expect(stdout).toMatch(
      /smallest effect +[\d.]+ shows at p 0\.05; among 2, no single one can show with 20 draws\n/,
    );
    expect(stdout).toMatch(/image classifier .*; \w+ [+-]\d\.\d\d \[-?\d\.\d\d, -?\d\.\d\d\]\n/);
    const names = ["sequence_variants.csv", "sequence_variants.json", "sequence_variants_synthetic.png"];
    expect(readdirSync(output).sort()).toEqual(names);
    const rows = readCsv(readFileSync(join(output, names[0]!), "utf8"));
    expect(new Set(rows.map(({ variant }) => variant))).toEqual(new Set(["K2A", "signal:KDEL@C"]));
    expect(new Set(rows.map(({ compartment }) => compartment)).size).toBe(4); // of sequence and of image classifier
    const json = readFileSync(join(output, names[1]!), "utf8");
    expect(json.length).toBeLessThan(20_000); // no pixels
    const { text, width } = readPng(readFileSync(join(output, names[2]!)));
    expect({ synthetic: text?.synthetic, width }).toEqual({ synthetic: "true", width: 5 * 80 + 6 * 6 });
  });

  it("takes the user's nuclei, and prints one JSON document", async () => {
    const image = place.file("dapi.tif", tiffOf(fieldOfNuclei()));
    const output = join(place.path, "own");
    const { exitCode, stdout } = await mutate(["del:2-5", "--nucleus", image, "--json", "-o", output]);
    expect(exitCode).toBe(0);
    const { variants, wildTypeAnnotation } = JSON.parse(stdout);
    expect(variants).toMatchObject([{ name: "del:2-5", residues: 24, null: { draws: 20, shuffles: 20 } }]);
    expect(wildTypeAnnotation).toBeNull();
  });

  it("names the residue that is there where a variant names another, before anything is read", async () => {
    const output = join(place.path, "wrong");
    const { exitCode, stderr } = await mutate(["P3H", "-o", output]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "proteoscope: P3H: residue 3 of sequence is R, not P (P is at 4)\n",
    });
    const none = await mutate(["-o", output]);
    expect(none).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("name a variant behind the protein"),
    });
    expect(existsSync(output)).toBe(false);
  });

  it("has examples whose variants fit their proteins", async () => {
    for (const example of mutateCommand.examples) {
      const [, , name, ...words] = example.split(" ");
      const [protein] = await readProteins(name!);
      const forms = words.filter((word, index) => word !== "-o" && words[index - 1] !== "-o");
      expect(forms.map((form) => parseVariant(form, protein!).name)).toEqual(forms);
    }
  });

  it("lists variants and signals in its help", async () => {
    const { stdout } = await runWords(["mutate", "--help"]);
    expect(stdout).toMatch(/NOTES.*p\.Arg175His.*Signals: NLS, .*EXAMPLES.*proteoscope mutate TP53 R175H/s);
  });
});
