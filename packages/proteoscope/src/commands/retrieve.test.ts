// The command on a few proteins and images, with a model of random weights: what is made anew, and what is refused by name.
// The ranking of many images, and what kills leave behind, are in the slow tests.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { readIndexPart } from "@proteoscope/microscope/experiments";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const drawing = ["--steps", "1", "--cells", "1"];
const retrieve = (...words: readonly string[]) => runWords(["retrieve", ...words, "--model", place.model]);
const itemsOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith("part-"))
    .flatMap((name) => readIndexPart(readFileSync(join(folder, name))));

it("draws a protein anew whose sequence has changed, and removes one that is gone", async () => {
  const output = join(place.path, "changing");
  const fasta = place.file(
    "changing.fasta",
    ">A\nMKTAYIAKQRQISFVK\n>B\nWWWWGGGGPPPPDDDD\n>C\nMKKLLPTAAAGLLLLA\n",
  );
  await retrieve("--build", fasta, "-o", output, ...drawing);
  const before = itemsOf(output);
  place.file("changing.fasta", ">A\nMKTAYIAKQRQISFVK\n>B\nMMMMKKKKRRRRDDDD\n");
  const { exitCode, stdout } = await retrieve("--build", fasta, "-o", output, ...drawing);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    `2 items of 2 proteins in ${output}, 1 of them new; 2 of what has changed or is gone removed\n`,
  );
  const after = itemsOf(output);
  expect(after.map(({ id }) => id)).toEqual(["drawn A", "drawn B"]);
  expect(after[0]).toEqual(before[0]);
  expect(after[1]!.digest).not.toBe(before[1]!.digest);
  expect(after[1]!.features).not.toEqual(before[1]!.features);
});

it("names the records that are no proteins and indexes the others", async () => {
  const fasta = place.file("mixed.fasta", ">good\nMKTAYIAKQRQISFVK\n>digits\nMKT123\n>empty\n");
  const output = join(place.path, "mixed");
  const { exitCode, stdout, stderr } = await retrieve("--build", fasta, "-o", output, ...drawing, "--json");
  expect(exitCode).toBe(3);
  expect(stderr).toContain("digits");
  expect(stderr).toContain("2 of 3 records refused");
  const { items, refused } = JSON.parse(stdout);
  expect(items).toBe(1);
  expect(refused).toMatchObject([
    { id: "digits", file: fasta, line: 4 },
    { id: "empty", file: fasta },
  ]);
  const strict = await retrieve("--build", fasta, "-o", join(place.path, "strict"), "--strict");
  expect(strict).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("digits") });
});

it("makes no index of a file without a protein", async () => {
  const fasta = place.file("none.fasta", ">digits\nMKT123\n");
  const output = join(place.path, "none");
  const { exitCode, stderr } = await retrieve("--build", fasta, "-o", output);
  expect(exitCode).toBe(3);
  expect(stderr).toContain("none.fasta holds no protein");
  expect(readdirSync(place.path)).not.toContain("none");
});

it("names an image without cells and the options that it needs", async () => {
  const index = join(place.path, "drawn");
  const fasta = place.file("drawn.fasta", ">A\nMKTAYIAKQRQISFVK\n");
  await retrieve("--build", fasta, "-o", index, ...drawing);
  const plane = { dtype: "uint8", shape: [40, 40], data: new Uint8Array(1600).fill(9) } as const;
  const image = place.file("images/A_1.npy", writeNpy(plane));
  const reason = `${image}: no cells found: a channel of nuclei and the size of a pixel are needed (--nucleus-channel, --pixel-size)`;
  const sought = await retrieve(image, "--index", index);
  expect(sought).toMatchObject({ exitCode: 3, stdout: "", stderr: `proteoscope: ${reason}\n` });
  const built = await retrieve("--build", join(place.path, "images"), "-o", join(place.path, "of-images"));
  expect(built).toMatchObject({ exitCode: 3, stderr: `proteoscope: A_1: ${reason}\n` });
});
