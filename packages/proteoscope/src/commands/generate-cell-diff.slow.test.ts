// CELL-Diff on the command line, with random weights: from a picture of stains and a sequence to files, and from a picture of a
// protein to sequences.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpy, toFloat32, writeOmeTiff } from "@proteoscope/formats";
import { tinyCellDiffFiles } from "@proteoscope/microscope/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, fieldOfNuclei, runWords, tiffOf, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 240_000 });

const protein = "MKTAYIAKQRQISFVKSHFS";

let place: Workplace;
let hpa: string;
beforeAll(() => {
  place = createWorkplace();
  for (const [path, bytes] of tinyCellDiffFiles()) place.file(path, bytes);
  for (const [path, bytes] of tinyCellDiffFiles("opencell_finetuned", 1))
    place.file(`opencell/${path}`, bytes);
  place.file("dapi.tif", tiffOf(fieldOfNuclei()));
  place.file("er.tif", tiffOf(fieldOfNuclei([{ x: 40, y: 40 }])));
  hpa = join(place.path, "cell_diff/hpa_pretrained.safetensors");
});
afterAll(() => place.remove());

const at = (name: string): string => join(place.path, name);
const generate = (name: string, ...words: string[]) =>
  runWords([
    ...["generate", protein, "--model", hpa, "--nucleus", at("dapi.tif"), "--max-nuclei", "1"],
    ...["--steps", "10", "--format", "npy,png,ome-tiff", "-o", at(name), ...words],
  ]);
const provenanceOf = (name: string) => {
  const file = readdirSync(at(name)).find((path) => path.endsWith("provenance.json"))!;
  return JSON.parse(readFileSync(join(at(name), file), "utf8"));
};
const proteinOf = (name: string) => {
  const file = readdirSync(at(name)).find((path) => path.endsWith("_synthetic.npy"))!;
  const { shape, data } = readNpy(readFileSync(join(at(name), file)));
  return {
    shape,
    values: toFloat32({ dtype: "float32", shape, data: data as Float32Array }).slice(0, 65_536),
  };
};

describe("generate --model with the file of CELL-Diff", () => {
  it("says how long it will take, and draws on the stains that are given, the same for the same seed", async () => {
    const plain = await generate("plain");
    expect(plain.exitCode).toBe(0);
    expect(plain.stderr).toMatch(
      /hpa_pretrained\.safetensors: 1 picture of 10 steps, about \d+ (s|min) at \d+ GFLOP\/s/,
    );
    expect(plain.stdout).toMatch(/on nucleus, without er, microtubules\n5 files in .*hypotheses/);
    expect(provenanceOf("plain")).toMatchObject({
      ...{ synthetic: true, stains: { given: ["nucleus"], missing: ["er", "microtubules"] } },
      settings: { samples: 1, steps: 10, seed: 0, sampler: "ddim" },
      model: { name: "hpa_pretrained.safetensors", weights: "hpa_pretrained.safetensors" },
    });
    const first = proteinOf("plain");
    expect(first.shape).toEqual([1, 2, 256, 256]);
    expect(first.values.every((value) => value >= 0 && value <= 1)).toBe(true);
    await generate("again");
    expect(proteinOf("again")).toEqual(first);
    const er = await generate("er", "--stain", `er=${at("er.tif")}`);
    expect(er.exitCode).toBe(0);
    expect(provenanceOf("er").stains).toEqual({ given: ["nucleus", "er"], missing: ["microtubules"] });
    expect(proteinOf("er").values).not.toEqual(first.values);
  });

  it.each([
    [
      "a number of steps that no stride gives",
      ["--steps", "30"],
      /no stride takes 30 of 200 steps.*\(--steps\)/,
    ],
    ["a sampler of ours", ["--sampler", "dpm++"], /--sampler, .* are not for CELL-Diff/],
    ["a stain that the weights do not take", ["--model", "OPENCELL", "--stain", "er=ER"], /does not take er/],
  ])("refuses %s", async (_, words, message) => {
    const opencell = at("opencell/cell_diff/opencell_finetuned.safetensors");
    const given = words.map((word) => word.replace("OPENCELL", opencell).replace("ER", at("er.tif")));
    const { exitCode, stderr } = await generate("refused", ...given);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it("needs a picture of nuclei, and the autoencoder", async () => {
    const bare = await runWords(["generate", protein, "--model", hpa, "-o", at("bare")]);
    expect([bare.exitCode, bare.stderr]).toEqual([2, expect.stringMatching(/give --nucleus/)]);
    const alone = place.file("alone/x/hpa.safetensors", readFileSync(hpa));
    place.file("alone/x/config.json", readFileSync(at("cell_diff/config.json")));
    const { exitCode, stderr } = await generate("alone-out", "--model", alone);
    expect([exitCode, stderr]).toEqual([4, expect.stringMatching(/its autoencoder is missing/)]);
  });

  it("ends with code 130 at an interrupt, in the midst of the steps", async () => {
    const bin = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));
    const words = ["generate", protein, "--model", hpa, "--nucleus", at("dapi.tif"), "--steps", "200"];
    const child = spawn(process.execPath, [bin, ...words, "-o", at("cut")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
      if (/200 steps, about/.test(stderr)) setTimeout(() => child.kill("SIGINT"), 1500);
    });
    expect((await once(child, "close"))[0]).toBe(130);
    expect(stderr.trim().split("\n").at(-1)).toBe("proteoscope: interrupted");
  });
});

describe("retrieve --generate", () => {
  it("draws sequences that fit a picture, the same for the same seed, and leaves known residues", async () => {
    const [nuclei, light] = [fieldOfNuclei(), fieldOfNuclei([{ x: 36, y: 34 }])];
    const data = new Uint16Array(2 * nuclei.data.length);
    data.set(light.data as Uint16Array);
    data.set(nuclei.data as Uint16Array, nuclei.data.length);
    const image = place.file(
      "cell.ome.tif",
      writeOmeTiff({
        data: { dtype: "uint16", shape: [1, 2, ...nuclei.shape], data },
        ...{ channelNames: ["protein", "DAPI"], pixelSizeMicrons: 0.5, name: "cell", description: "" },
      } as never),
    );
    const model = at("opencell/cell_diff/opencell_finetuned.safetensors");
    const words = [
      "retrieve",
      image,
      "--generate",
      "--model",
      model,
      "--scaling",
      "percentiles",
      "--top",
      "2",
    ];
    const first = await runWords([...words, "--sequence", "MK<mask><mask>L"]);
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toMatch(
      /^>synthetic0 .*, mean log-probability -\d\.\d{3}\nMK[ACDEFGHIKLMNPQRSTVWY]{2}L\n>synthetic1 .*\nMK[A-Y]{2}L\n$/,
    );
    expect((await runWords([...words, "--sequence", "MK<mask><mask>L"])).stdout).toBe(first.stdout);
    const json = await runWords([...words, "--length", "3", "--json", "--seed", "4"]);
    const { seed, sequences } = JSON.parse(json.stdout);
    expect([seed, sequences.length, sequences[0].sequence.length]).toEqual([4, 2, 3]);
    const none = await runWords([...words, "--sequence", "MKL"]);
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringMatching(/has no <mask>/)]);
    const both = await runWords([...words, "--sequence", "M", "--length", "3"]);
    expect([both.exitCode, both.stderr]).toEqual([
      2,
      expect.stringMatching(/either --sequence .* or --length/),
    ]);
  });
});
