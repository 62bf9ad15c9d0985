import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { protein } from "../../testing/atlas-fixture.ts";
import { readOrthologs } from "./orthologs.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "orthologs-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, ...lines: string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.join("\n"));
  return path;
}

const npm1 = protein({
  id: "OC_1",
  uniprot: "P06748",
  gene: "NPM1",
  ensg: "ENSG181",
  sequence: "MEDSMDMDMS",
});
const actb = protein({
  id: "OC_2",
  uniprot: "P60709",
  gene: "ACTB",
  ensg: "ENSG075",
  sequence: "MDDDIAALVV",
});
const other = protein({ id: "OC_3", uniprot: "Q0", gene: "LMNA", sequence: "METPSQRRAT" });

describe("orthologs from a FASTA file", () => {
  it("belong to the protein that the first word of the header names", async () => {
    const path = await write(
      "named.fasta",
      ">P06748 mouse",
      "MEDSMDMDMR",
      ">ENSG075",
      "MDDDIAALVI",
      ">OC_1",
      "MEDS",
    );
    const orthologs = await readOrthologs(path, [npm1, actb, other]);
    expect(orthologs.of(npm1)).toEqual(["MEDS", "MEDSMDMDMR"]);
    expect(orthologs.of(actb)).toEqual(["MDDDIAALVI"]);
    expect(orthologs.of(other)).toEqual([]);
  });

  it("belong to the gene that UniProt's headers name, in any case", async () => {
    const path = await write(
      "mouse.fasta",
      ">sp|Q61937|NPM_MOUSE Nucleophosmin OS=Mus musculus OX=10090 GN=Npm1 PE=1 SV=1",
      "MEDSMDMDMR",
      ">sp|P60710|ACTB_MOUSE Actin OS=Mus musculus OX=10090 GN=Actb PE=1 SV=1",
      "MDDDIAALVV",
    );
    const orthologs = await readOrthologs(path, [npm1, actb]);
    expect(orthologs.of(npm1)).toEqual(["MEDSMDMDMR"]);
    expect(orthologs.of(actb)).toEqual([]); // the same sequence is no other version
  });

  it("count once, however many names of the protein they carry", async () => {
    const path = await write("twice.fasta", ">NPM1 GN=NPM1", "MEDSM", ">P06748", "MEDSM");
    expect((await readOrthologs(path, [npm1])).of(npm1)).toEqual(["MEDSM"]);
  });

  it("are missed aloud", async () => {
    const path = await write("strange.fasta", ">Q99999 GN=XYZ", "MEDSM");
    await expect(readOrthologs(path, [npm1, actb])).rejects.toThrow(
      /none of its 1 records belongs to a protein/,
    );
    const damaged = await write("damaged.fasta", ">P06748", "MED1SM");
    await expect(readOrthologs(damaged, [npm1])).rejects.toThrow(/damaged\.fasta/);
  });
});
