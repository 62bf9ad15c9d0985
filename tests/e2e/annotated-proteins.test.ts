import { join } from "node:path";
import { findAnnotatedProtein, knownProtein } from "@proteoscope/microscope";
import { type LoadedHomologs, loadHomologs, residuesOf } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";

const seenProteins = 17_718; // those of proteins.safetensors; the others are unseen.safetensors

let homologs: LoadedHomologs;
let sequences: string[];
beforeAll(async () => {
  homologs = (await loadHomologs(openFolder(join(repositoryRoot, "checkpoints/proteoscope-mini"))))!;
  const decoder = new TextDecoder();
  sequences = homologs.annotations.map((_, protein) =>
    decoder.decode(residuesOf(homologs.proteins, protein)),
  );
});

describe("the annotated proteins of the shipped model", () => {
  it("have some 8,000 human genes, each of which names a human protein of a known sequence", () => {
    const human = homologs.annotations.filter(({ organism }) => organism === "human");
    const genes = [...new Set(human.map(({ gene }) => gene))].filter((gene) => gene !== "");
    expect(genes.length).toBeGreaterThan(8000);
    for (const gene of genes.filter((_, index) => index % 40 === 0)) {
      const found = findAnnotatedProtein(homologs, gene.toLowerCase(), { organism: "human" })!;
      expect(found.gene!.toUpperCase()).toBe(gene.toUpperCase());
      expect(found.sequence).toMatch(/^[A-Z]{2,}$/);
    }
  });

  it("are in compartments of the model, or in wholes that their source does not resolve", () => {
    const unresolved = new Map(
      homologs.sources.map(({ key, unresolved }) => [key, unresolved.map(({ name }) => name)]),
    );
    for (const { source, compartments, accession } of homologs.annotations)
      for (const { name, grade } of compartments) {
        const isKnown = homologs.config.labels.includes(name) || unresolved.get(source)!.includes(name);
        expect(isKnown, `${accession}: ${name}`).toBe(true);
        expect(grade === null || [1, 2, 3].includes(grade), `${accession}: grade ${grade}`).toBe(true);
      }
  });

  it("stand once among those that the model was trained on or among the others", () => {
    const seen = new Set(sequences.slice(0, seenProteins));
    const unseen = sequences.slice(seenProteins);
    expect(unseen.length).toBeGreaterThan(4000);
    expect(unseen.filter((sequence) => seen.has(sequence))).toEqual([]);
    for (const { organism } of homologs.annotations.slice(seenProteins)) expect(organism).toBe("human");
  });

  it("are known by their sequence", () => {
    const labelled = homologs.annotations.flatMap(({ compartments }, protein) =>
      compartments.length > 0 && protein % 200 === 0 ? [protein] : [],
    );
    expect(labelled.length).toBeGreaterThan(80);
    for (const protein of labelled) {
      const titles = knownProtein(homologs, sequences[protein]!)!.annotations.map(({ source }) => source);
      const { source } = homologs.annotations[protein]!;
      expect(titles).toContain(homologs.sources.find(({ key }) => key === source)!.title);
    }
  });
});
