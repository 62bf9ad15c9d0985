import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, readSafetensors } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";

// What the shipped model says of many human proteins does not contradict itself: the compartment that is named first in
// one place is the first in the next, or the output says why it is not. Every other protein is read backwards, so that half
// of them are known and half are not.
const bin = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");
const model = join(repositoryRoot, "checkpoints/proteoscope-mini");

type Probabilities = Readonly<Record<string, number>>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-consistency-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function proteoscope(...words: string[]): string {
  const options = { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words, "--device", "cpu"], options);
  if (status !== 0) throw new Error(`proteoscope ${words.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Human proteins of UniProt, spread evenly over the model's annotated ones, as FASTA. */
function writeProteins(name: string, count: number): string {
  const { tensors } = readSafetensors(readFileSync(join(model, "homologs/proteins.safetensors")));
  const [ends, residues] = ["ends", "sequences"].map((name) => tensors.get(name)!.data as Uint8Array);
  const records = Array.from({ length: count }, (_, i) => {
    const index = Math.floor((i * ends!.length) / count);
    const annotated = residues!.slice(ends![index - 1] ?? 0, ends![index]);
    const sequence = i % 2 === 0 ? annotated : annotated.reverse();
    return `>protein${index}\n${Buffer.from(sequence)}\n`;
  });
  writeFileSync(join(folder, name), records.join(""));
  return name;
}

function mostProbable(probabilities: Probabilities): string {
  return Object.entries(probabilities).reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** Whether what a note claims of the first compartment of `chosen` is so. */
function isTrue(note: string, predicted: Probabilities, posterior: Probabilities, chosen: Probabilities) {
  const [first, expected] = [mostProbable(chosen), mostProbable(predicted)];
  const among = Object.fromEntries(Object.entries(posterior).filter(([name]) => Object.hasOwn(chosen, name)));
  const figure = posterior[first]! >= 0.995 ? ">0.99" : posterior[first]!.toFixed(2);
  if (note.includes("annotated compartments"))
    return note === `not ${expected}: ${first} is the first of the protein's annotated compartments`;
  // The note on a known protein that no image shows goes on as that on one that is not known.
  note = note.replace(/^annotated in .*, of which the model generates no images; /, "");
  const isMost = mostProbable(note.includes("images") ? among : posterior) === first;
  if (note.includes("generates no images:"))
    return (
      note.startsWith(`not ${expected}, of which`) &&
      note.includes(`${first} is the most probable of the others`) &&
      !Object.hasOwn(chosen, expected) &&
      isMost
    );
  return (
    note.startsWith(
      `not ${expected}: with all compartments equally frequent, ${first} is the most probable`,
    ) &&
    note.endsWith(figure) &&
    isMost
  );
}

describe.skipIf(!existsSync(join(model, "homologs/proteins.safetensors")))("the shipped model", () => {
  it("localizes 1000 proteins without a row that contradicts its own probabilities", () => {
    const fasta = writeProteins("thousand.fasta", 1000);
    const document = JSON.parse(proteoscope("localize", fasta, "--json", "-o", "thousand.csv"));
    const table = readCsv(readFileSync(join(folder, "thousand.csv")));
    expect(document.proteins).toHaveLength(1000);
    let differing = 0;
    for (const [index, protein] of document.proteins.entries()) {
      const { compartment, balancedCompartment, probabilities, posterior, note } = protein;
      expect([compartment, balancedCompartment]).toEqual([probabilities, posterior].map(mostProbable));
      if (compartment === balancedCompartment) expect(note).toBeNull();
      else
        expect({ note, isTrue: isTrue(note, probabilities, posterior, posterior) }).toMatchObject({
          isTrue: true,
        });
      differing += note === null ? 0 : 1;

      const row = table[index]!;
      expect(row.note).toBe(note ?? "");
      if (index % 2 === 1) expect([row.known, row.near]).toEqual(["", ""]);
      expect([row.compartment, row.balanced_compartment]).toEqual([compartment, balancedCompartment]);
      const columns = Object.keys(probabilities).map((name) => Number(row[name]));
      expect(Number(row[compartment])).toBe(Math.max(...columns));
    }
    expect(differing).toBeGreaterThan(20);
  });

  it("generates 100 proteins without a target that contradicts the list above it", () => {
    const fasta = writeProteins("hundred.fasta", 100);
    const quick = ["--samples", "1", "--steps", "2", "--format", "npy", "-o", "hundred"];
    const blocks = proteoscope("generate", fasta, ...quick).split(/^(?=protein\d)/m);
    expect(blocks).toHaveLength(100);
    const records = readdirSync(join(folder, "hundred")).filter((name) => name.endsWith("_provenance.json"));
    expect(records).toHaveLength(100);
    let differing = 0;
    for (const block of blocks) {
      const [id = ""] = block.split("\n");
      const path = join(folder, "hundred", `${id}_provenance.json`);
      const { compartments } = JSON.parse(readFileSync(path, "utf8"));
      const { predicted, posterior, target, note } = compartments;
      const line = (label: string) => new RegExp(`^ {2}${label} +(\\w+)`, "m").exec(block)?.[1];
      const [first, conditioned] = [line("predicted"), line("conditioned on")];
      expect([id, first, conditioned]).toEqual([id, mostProbable(predicted), mostProbable(target)]);
      if (first === conditioned) expect(note ?? "annotated in").toMatch(/^annotated in/);
      else {
        differing += 1;
        expect({ id, note, isTrue: isTrue(note, predicted, posterior, target) }).toMatchObject({
          isTrue: true,
        });
        expect(block).toContain(note);
      }
    }
    expect(differing).toBeGreaterThan(2);
  });
});
