import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type NdArray, readCsv, writeOmeTiff } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openImageFile } from "../../image-file.ts";
import { createWorkplace, runWords, type Workplace } from "../../testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

/** A cell of the challenge, a sixteenth of its pixels: 48 um, a nucleus in the middle and one beside it. */
const [side, pixelSizeMicrons] = [128, 0.3768];
const centres = [
  { x: 15, y: 14 },
  { x: 26, y: 24 },
];
function stain(): NdArray {
  const data = Uint16Array.from({ length: side * side }, (_, pixel) => {
    const [x, y] = [(pixel % side) * pixelSizeMicrons, Math.floor(pixel / side) * pixelSizeMicrons];
    return centres.some((centre) => Math.hypot(x - centre.x, y - centre.y) < 5.5)
      ? 3000
      : 200 + ((pixel * 7919) % 40);
  });
  return { dtype: "uint16", shape: [1, side, side], data };
}

let place: Workplace;
let manifest: string;
beforeAll(() => {
  place = createWorkplace();
  for (const name of ["n", "m", "e"])
    place.file(`cells/${name}.tiff`, writeOmeTiff({ data: stain(), channelNames: ["stain"] }));
  place.file("cells/ok.fasta", ">x\nMKTAYIAKQRQ\n");
  place.file("cells/other.fasta", ">x\nMWWWWIAKQRQ\n");
  place.file("cells/two.fasta", ">x\nMK\n>y\nMK\n");
  const rows = [
    ["cell_1", "n.tiff", "ok.fasta"],
    ["cell_2", "n.tiff", "two.fasta"],
    ["cell_3", "none.tiff", "ok.fasta"],
    ["cell_4", "n.tiff", "other.fasta"],
  ].map(([id, nucleus, fasta]) => [id, "m.tiff", nucleus, "e.tiff", fasta].join("\t"));
  const header = [
    "prediction_id",
    "microtubules_image",
    "nucleus_image",
    "er_image",
    "aa_sequence_fasta_path",
  ].join("\t");
  manifest = place.file("cells/manifest.tsv", [header, ...rows, ""].join("\n"));
});
afterAll(() => place.remove());

const screen = (output: string, ...words: readonly string[]) =>
  runWords([
    ...["screen", "--manifest", manifest, "-o", join(place.path, output), "--model", place.model],
    ...["--pixel-size", String(pixelSizeMicrons), "--steps", "2", ...words],
  ]);
const predictions = (output: string) => {
  const [header, ...lines] = readFileSync(join(place.path, output, "out/prediction_results.tsv"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) =>
    Object.fromEntries(line.split("\t").map((cell, index) => [header!.split("\t")[index]!, cell])),
  );
};

describe("screen of a manifest", () => {
  it("draws each record on the pixels of its own picture, and names what cannot be drawn", async () => {
    const { exitCode, stderr } = await screen("all");
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/manifest\.tsv, line 3, cell_2: .*two\.fasta has 2 records/);
    expect(stderr).toMatch(/manifest\.tsv, line 4, cell_3: .*none\.tiff: no such file/);
    expect(readdirSync(join(place.path, "all/out")).sort()).toEqual([
      "cell_1.tiff",
      "cell_4.tiff",
      "prediction_results.tsv",
    ]);
    expect(
      predictions("all").map(({ prediction_id, status, output_file }) => [
        prediction_id,
        status,
        output_file,
      ]),
    ).toEqual([
      ["cell_1", "predicted", "cell_1.tiff"],
      ["cell_2", "predictor_error", ""],
      ["cell_3", "predictor_error", ""],
      ["cell_4", "predicted", "cell_4.tiff"],
    ]);
    const { stack } = await openImageFile(join(place.path, "all/out/cell_1.tiff"));
    const { dtype, data } = await stack.readPlane({ c: 0, z: 0, t: 0 });
    expect([dtype, stack.height, stack.width]).toEqual(["float32", side, side]);
    const values = data as Float32Array;
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(values.some((value) => value > 0)).toBe(true);
    // The crop of 40 pixels of one micron lies around the nucleus in the middle; beyond it nothing is drawn.
    const at = (xMicrons: number, yMicrons: number) =>
      values[Math.floor(yMicrons / pixelSizeMicrons) * side + Math.floor(xMicrons / pixelSizeMicrons)]!;
    expect(at(2, 24)).toBe(0);
    expect(at(47, 24)).toBe(0);
    const rows = readCsv(readFileSync(join(place.path, "all/results.csv"), "utf8"));
    expect(rows[0]!.picture).not.toBe(rows[3]!.picture);
  });

  it("ends with the same files in shards", async () => {
    if (!existsSync(join(place.path, "all"))) await screen("all");
    await screen("parts", "--shard", "2/2");
    await screen("parts", "--shard", "1/2");
    expect((await screen("parts", "--merge")).exitCode).toBe(3);
    for (const name of ["results.csv", "out/cell_1.tiff", "out/cell_4.tiff", "out/prediction_results.tsv"])
      expect(readFileSync(join(place.path, "parts", name))).toEqual(
        readFileSync(join(place.path, "all", name)),
      );
  });

  it("draws nothing where it is strict, and takes no other proteins", async () => {
    const strict = await screen("strict", "--strict");
    expect(strict).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/record cell_2: .*two\.fasta has 2 records/),
    });
    expect(existsSync(join(place.path, "strict"))).toBe(false);
    expect(await screen("none", "--no-images")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/brings its own/),
    });
  });
});
