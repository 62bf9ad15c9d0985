import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readNpy, readPng, readSafetensors, writeOmeTiff } from "@proteoscope/formats";
import { randomModelFiles, tinyExtra, tinyShape } from "@proteoscope/microscope/testing";
import { saveSequenceCondition } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, fieldOfNuclei, runWords, tiffOf, type Workplace } from "../testing/model-folder.ts";

// Every command line here starts a runtime of its own, which takes seconds where other work has the machine.
vi.setConfig({ testTimeout: 240_000 });

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const stackFile = "../../../formats/src/fixtures/cases/xyzct.ome.tif"; // two channels, five planes of z
const stackBytes = readFileSync(new URL(stackFile, import.meta.url));
const quick = ["--samples", "2", "--steps", "2"];
const generate = (words: readonly string[], options = {}) =>
  runWords(["generate", ...words, ...quick, "--model", place.model], options);

describe("generate", () => {
  it("writes composites, channels, OME-TIFF and provenance of an example, and says what is to be seen", async () => {
    const output = join(place.path, "fbl");
    const { exitCode, stdout, stderr } = await generate(["FBL", "-o", output]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(readdirSync(output).sort()).toEqual([
      "FBL_provenance.json",
      ...[0, 1].flatMap((sample) => [
        `FBL_sample${sample}_nucleus_synthetic.png`,
        `FBL_sample${sample}_protein_synthetic.png`,
        `FBL_sample${sample}_synthetic.png`,
      ]),
      "FBL_synthetic.ome.tiff",
      "FBL_synthetic.png",
    ]);
    expect(stdout).toMatch(
      /^FBL\n {2}sequence read {5}24 of 321 residues, the language model's window: without 13 to 309\n {2}predicted {9}\w+ 0\.\d\d, .*\(from the sequence; each by itself\)\n/,
    );
    expect(stdout).toMatch(/^ {2}sample agreement {2}\d\.\d\d \(0 to 1; agreement, not correctness\)$/m);
    expect(stdout).toContain(`9 files in ${output} (synthetic images: hypotheses, not observations)`);

    const provenance = JSON.parse(readFileSync(join(output, "FBL_provenance.json"), "utf8"));
    expect(provenance).toMatchObject({
      synthetic: true,
      software: { node: process.version },
      model: { name: "model" },
      protein: { id: "FBL", source: "example", residues: 321, shown: 24, omitted: { first: 13, last: 309 } },
      nucleus: { library: "discs", licence: "MIT", index: 0, field: "disc-6" },
      settings: { samples: 2, steps: 2, sampler: "ddim", guidance: 3, seed: 0 },
      agreement: { value: expect.any(Number), medoidSample: expect.any(Number) },
    });
    const unet = readFileSync(join(place.model, "unet/diffusion_pytorch_model.safetensors"));
    expect(provenance.model.sha256["unet/diffusion_pytorch_model.safetensors"]).toBe(sha256(unet));
    expect(Object.keys(provenance.compartments.predicted)).toEqual(["nucleus", "cytosol", "golgi_apparatus"]);
    expect(provenance.compartments.classifiedPerSample).toHaveLength(2);
  });

  it("says what is known of a protein and of the wild type of a variant, above what is predicted", async () => {
    const known = "MKRPAATKKAGQAKKKKLDK";
    const annotated = [{ name: "golgi_apparatus", grade: 3 }];
    const other = createWorkplace(randomModelFiles({ ...tinyShape, homolog: known, annotated }));
    const words = [known, `${known}W`, "--model", other.model, "--samples", "1", "--steps", "1"];
    const { stdout } = await runWords(["generate", ...words, "-o", join(other.path, "known")]);
    expect(stdout).toMatch(
      /^sequence.*\n {2}known {13}golgi_apparatus \(Test source, grade 3\)\n {2}predicted .*\(from the sequence alone; each by itself\)\n {2}image/,
    );
    expect(stdout).toMatch(
      / {2}near {14}a variant \(mutant, isoform, fragment, fusion\) of KNOWN \(>0\.99 of the k-mers\); the wild type's label is golgi_apparatus \(Test source, grade 3\)\n {2}predicted .*from the sequence alone/,
    );
    const records = readdirSync(join(other.path, "known"))
      .filter((name) => name.endsWith("_provenance.json"))
      .map((name) => JSON.parse(readFileSync(join(other.path, "known", name), "utf8")))
      .sort((a, b) => a.protein.residues - b.protein.residues);
    expect(records[0]).toMatchObject({ known: { gene: "KNOWN" }, near: null, homologs: { used: false } });
    expect(records[1]).toMatchObject({ known: null, near: { protein: records[0].known } });
    other.remove();
  });

  it("says that a protein is annotated where the model brings no more than its compartments", async () => {
    const known = "MKRPAATKKAGQAKKKKLDK";
    const other = createWorkplace(randomModelFiles({ ...tinyShape, homolog: known }));
    const output = join(other.path, "known");
    const words = [known, "--model", other.model, "--samples", "1", "--steps", "1", "-o", output];
    const { stdout } = await runWords(["generate", ...words]);
    expect(stdout).toMatch(/^ {2}nearest homolog {3}k-mer similarity 1\.00: its own annotation$/m);
    const record = JSON.parse(readFileSync(join(output, "sequence_provenance.json"), "utf8"));
    expect(record.homologs.nearest).toBeCloseTo(1, 9);
    expect(record.compartments.target).toBeNull();
    other.remove();
  });

  it("prints the target compartment where the model has one", async () => {
    const files = randomModelFiles();
    const { tensors } = readSafetensors(files.get("condition/model.safetensors")!);
    const prototypes = { dtype: "float32", shape: [1, 3], data: Float32Array.of(-3, 5, -2) } as const;
    const target = { compartments: ["cytosol"], inverseTemperature: 2 };
    const weights = new Map([...tensors, ["compartments.prototypes", prototypes]]);
    const condition = saveSequenceCondition({ input: "full", target, weights });
    const other = createWorkplace(new Map([...files, ...condition]));
    const output = join(other.path, "targeted");
    const words = ["FBL", "--model", other.model, "--samples", "1", "--steps", "1", "-o", output];
    const { stdout } = await runWords(["generate", ...words]);
    expect(stdout).toMatch(
      /^ {2}conditioned on {4}cytosol(; not | \(0\.\d\d if all compartments were equally)/m,
    );
    const record = JSON.parse(readFileSync(join(output, "FBL_provenance.json"), "utf8"));
    expect(record.compartments.target).toEqual({ cytosol: 1 });
    other.remove();
  });

  it("prints one JSON document on standard output with the provenance of every protein", async () => {
    const output = join(place.path, "json");
    const words = ["FBL", "MKTAYIAKQRQISFVKSHFSRQ", "-o", output, "--json", "--format", "npy"];
    const { exitCode, stdout, stderr } = await generate(words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const document = JSON.parse(stdout);
    expect(document.output).toBe(output);
    expect(document.proteins.map(({ name }: { name: string }) => name)).toEqual(["FBL", "sequence"]);
    const [, { files, provenance }] = document.proteins;
    expect(files).toEqual(["sequence_synthetic.npy", "sequence_provenance.json"]);
    expect(provenance).toEqual(JSON.parse(readFileSync(join(output, "sequence_provenance.json"), "utf8")));
    const stack = readNpy(readFileSync(join(output, "sequence_synthetic.npy")));
    expect(stack).toMatchObject({ dtype: "float32", shape: [2, 3, 40, 40] });
  });

  it("gives the same bytes for the same seed and others for another", async () => {
    const draw = async (folder: string, seed: string) => {
      const output = join(place.path, folder);
      await generate(["NPM1", "-o", output, "--seed", seed, "--format", "png"]);
      return readdirSync(output).map((name) => [name, sha256(readFileSync(join(output, name)))]);
    };
    const first = await draw("seed-a", "3");
    expect(await draw("seed-b", "3")).toEqual(first);
    expect(await draw("seed-c", "4")).not.toEqual(first);
  });

  it("gives one picture of a field with the protein in every cell, and a table of nuclei", async () => {
    const image = place.file("nuclei.tif", tiffOf(fieldOfNuclei()));
    const output = join(place.path, "whole-field");
    const words = ["FBL", "--nucleus", image, "-o", output, "--steps", "2", "--model", place.model];
    const { exitCode, stdout } = await runWords(["generate", ...words]);
    expect(exitCode).toBe(0);
    expect(readdirSync(output).sort()).toEqual([
      ...["FBL_field_nuclei.csv", "FBL_field_overview_synthetic.png", "FBL_field_protein_synthetic.png"],
      ...["FBL_field_provenance.json", "FBL_field_synthetic.ome.tiff", "FBL_field_synthetic.png"],
    ]);
    expect(stdout).toMatch(/^ {2}field {13}2 cells; the figures below are means over the cells$/m);
    expect(stdout).toContain(`6 files in ${output}`);
    const record = JSON.parse(readFileSync(join(output, "FBL_field_provenance.json"), "utf8"));
    expect(record).toMatchObject({
      field: { nuclei: 2, drawn: 2, width: 100, height: 80, pixelSizeMicrons: 1 },
      nucleus: { image: "nuclei.tif", sha256: sha256(readFileSync(image)), sourcePixelSizeMicrons: 0.5 },
      settings: { samples: 1 },
    });
  });

  it("writes single crops of a field on request, and of as many nuclei as asked for", async () => {
    const image = place.file("nuclei.tif", tiffOf(fieldOfNuclei()));
    const output = join(place.path, "field");
    const { exitCode } = await generate([
      "FBL",
      "--nucleus",
      image,
      "-o",
      output,
      "--format",
      "npy",
      "--crops",
    ]);
    expect(exitCode).toBe(0);
    expect(readdirSync(output).sort()).toEqual([
      ...["FBL_field_nuclei.csv", "FBL_field_overview_synthetic.png", "FBL_field_provenance.json"],
      "FBL_field_synthetic.npy",
      ...["FBL_nucleus0_provenance.json", "FBL_nucleus0_synthetic.npy"],
      ...["FBL_nucleus1_provenance.json", "FBL_nucleus1_synthetic.npy"],
    ]);
    const { nucleus, settings } = JSON.parse(
      readFileSync(join(output, "FBL_nucleus1_provenance.json"), "utf8"),
    );
    expect(nucleus).toMatchObject({
      image: "nuclei.tif",
      sha256: sha256(readFileSync(image)),
      channel: 0,
      sourcePixelSizeMicrons: 0.5,
      nucleus: 1,
      nucleiInImage: 2,
    });
    expect(settings).toMatchObject({ seed: 1, samples: 2 });
    const one = join(place.path, "one");
    await generate(["FBL", "--nucleus", image, "--max-nuclei", "1", "-o", one, "--format", "npy"]);
    expect(readdirSync(one)).toEqual(["FBL_nucleus0_provenance.json", "FBL_nucleus0_synthetic.npy"]);
    const alone = readNpy(readFileSync(join(one, "FBL_nucleus0_synthetic.npy")));
    expect(readNpy(readFileSync(join(output, "FBL_nucleus0_synthetic.npy"))).shape).toEqual(alone.shape);
  });

  it("chooses an image of a file of several", async () => {
    const { data } = fieldOfNuclei();
    const empty = (data as Uint16Array).map(() => 7);
    const both = Uint16Array.from([...empty, ...(data as Uint16Array)]);
    const bytes = writeOmeTiff({
      data: { dtype: "uint16", shape: [2, 1, 160, 200], data: both },
      ...{ channelNames: ["DAPI"], pixelSizeMicrons: 0.5 },
    });
    const image = place.file("two.ome.tif", bytes);
    const words = [
      "FBL",
      "--nucleus",
      image,
      "--max-nuclei",
      "1",
      "--format",
      "npy",
      "-o",
      join(place.path, "two"),
    ];
    expect(await generate(words)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("is empty") });
    const second = await generate([...words, "--nucleus-series", "1"]);
    expect(second).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("image 1 (of 2)") });
    const third = await generate([...words, "--nucleus-series", "2"]);
    expect(third).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("there is no image 2") });
  });

  it("chooses the plane of an image by name, says so, and reads the OME-Zarr that it wrote", async () => {
    const image = place.file("xyzct.ome.tif", stackBytes);
    const output = join(place.path, "chosen");
    const chosen = ["--nucleus", image, "--nucleus-channel", "DAPI", "--max-nuclei", "1"];
    const first = await generate(["FBL", ...chosen, "-o", output, "--format", "ome-zarr"]);
    expect(first).toMatchObject({
      exitCode: 0,
      stderr: `${image}: channel 1 (DAPI), plane 2 of z (sharpest of 5)\n`,
    });
    const record = JSON.parse(readFileSync(join(output, "FBL_nucleus0_provenance.json"), "utf8"));
    expect(record.nucleus).toMatchObject({
      ...{ image: "xyzct.ome.tif", sha256: sha256(stackBytes), channel: 1, channelName: "DAPI", channels: 2 },
      ...{ zPolicy: "sharpest plane", z: 2, planesOfZ: 5, time: 0, times: 1, nucleiInImage: 4 },
    });

    const own = join(output, "FBL_nucleus0_synthetic.ome.zarr");
    const again = ["--nucleus", own, "--nucleus-channel", "nucleus (input)", "-o", join(place.path, "again")];
    const second = await generate(["FBL", ...again, "--max-nuclei", "1", "--format", "npy", "--json"]);
    expect(second).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("channel 1 (nucleus (input)), image 0 (of 2)"),
    });
    const [{ provenance }] = JSON.parse(second.stdout).proteins;
    expect(provenance.nucleus).toMatchObject({ channel: 1, channels: 3, sourcePixelSizeMicrons: 1 });
    expect(provenance.nucleus.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    [[], /channels 0 \(GFP\) and 1 \(DAPI\), 5 planes of z: say which channel \(--nucleus-channel\)$/],
    [["--nucleus-channel", "7"], /there is no channel 7: .*\(--nucleus-channel\)$/],
    [["--nucleus-channel", "1", "--nucleus-z", "5"], /there is no plane 5: .*\(--nucleus-z\)$/],
    [["--nucleus-channel", "1", "--nucleus-time", "1"], /there is no time point 1: .*\(--nucleus-time\)$/],
  ])("names the option for a plane that is not there: %j", async (words, message) => {
    const image = place.file("xyzct.ome.tif", stackBytes);
    const { exitCode, stderr } = await generate(["FBL", "--nucleus", image, ...words]);
    expect(exitCode).toBe(3);
    expect(stderr.trim()).toMatch(message);
  });

  it("reads FASTA from standard input, whatever its names are", async () => {
    const output = join(place.path, "stdin");
    const input = ">β/actin Ω, a name beyond Latin-1\nMKTAYIAK\n>β/actin\nMKTAYIAK\n";
    const { exitCode, stderr } = await generate(["-", "-o", output, "--format", "png"], { input });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const names = readdirSync(output).filter((name) => name.endsWith("provenance.json"));
    expect(names).toEqual(["_actin-2_provenance.json", "_actin_provenance.json"]);
    const { protein } = JSON.parse(readFileSync(join(output, names[0]!), "utf8"));
    expect(protein).toMatchObject({ id: "β/actin", source: "standard input" });
    const { text } = readPng(readFileSync(join(output, "_actin_synthetic.png")));
    expect(JSON.parse(text.provenance!).protein.description).toBe("Ω, a name beyond Latin-1");
  });

  it("conditions a model on genes, levels and cell lines, and records them in the provenance", async () => {
    const context = createWorkplace(randomModelFiles({ ...tinyShape, extra: tinyExtra }));
    try {
      const draw = async (name: string, ...words: string[]) => {
        const output = join(context.path, name);
        const options = ["--format", "npy", "--model", context.model, "-o", output, ...quick];
        const { exitCode, stderr } = await runWords(["generate", "FBL", ...options, ...words]);
        if (exitCode !== 0) return { exitCode, stderr, context: {}, image: [] };
        const read = (suffix: string) => readFileSync(join(output, `FBL_${suffix}`));
        const { context: given, protein } = JSON.parse(read("provenance.json").toString());
        return { context: { ...given, gene: protein.gene }, image: readNpy(read("synthetic.npy")).data };
      };
      const known = await draw("known");
      expect(known.context).toEqual({ names: ["text", "expression"], gene: "FBL" });
      const silent = await draw("silent", "--gene", "NONE");
      expect(silent.context).toEqual({ names: [], gene: "NONE" });
      const all = await draw("all", "--cell-line", "u2os", "--expression", "9");
      expect(all.context).toMatchObject({ names: ["text", "expression", "cell_line"], expression: 9 });
      expect(known.image).not.toEqual(silent.image);
      expect(known.image).not.toEqual(all.image);
      expect(await draw("wrong", "--cell-line", "HeLa")).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/was trained with HEK293T, U2OS, not with "HeLa" \(--cell-line\)/),
      });
    } finally {
      context.remove();
    }
  });

  it("refuses conditions that the model was not trained with, and several proteins of one gene", async () => {
    const refused = async (...words: string[]) => (await generate(["FBL", ...words])).stderr;
    expect(await refused("--cell-line", "U2OS")).toMatch(
      /model was not trained with cell lines \(--cell-line\)/,
    );
    expect(await refused("--expression", "2")).toMatch(
      /model was not trained with expression levels \(--expression\)/,
    );
    expect(await refused("TOMM20", "--gene", "FBL")).toMatch(/--gene names one protein/);
  });

  it("shows the picture on a terminal, and not where JSON was asked for", async () => {
    const output = join(place.path, "terminal");
    const { stdout } = await generate(["FBL", "-o", output], { isTTY: true });
    const rows = stdout.split("\n").filter((line) => line.includes("▀"));
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) expect([...row].filter((character) => character === "▀")).toHaveLength(40);
    const json = await generate(["FBL", "-o", output, "--json"], { isTTY: true });
    expect(() => JSON.parse(json.stdout)).not.toThrow();
  });

  it("has help with examples", async () => {
    const { exitCode, stdout } = await runWords(["generate", "--help"]);
    expect(exitCode).toBe(0);
    for (const word of ["--nucleus", "--sampler", "ome-zarr", "proteoscope generate FBL"])
      expect(stdout).toContain(word);
  });
});
