// Everything that people hand to `generate` by mistake: one line that names it, the right exit code, nothing left.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type NdArray, writePng } from "@proteoscope/formats";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  createWorkplace,
  fieldOfNuclei,
  npyOf,
  runWords,
  tiffOf,
  type Workplace,
} from "./testing/model-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

let place: Workplace;
let output: string;
beforeAll(() => {
  place = createWorkplace();
  output = join(place.path, "out");
});
afterAll(() => place.remove());

/** Runs `generate` on what must be refused, and returns its one line without the program's name. */
async function refused(
  words: readonly string[],
  expected: { exitCode: number; input?: string },
): Promise<string> {
  const before = readdirSync(place.path);
  const defaults = ["--samples", "1", "--steps", "1", "-o", output, "--model", place.model];
  const given = new Set(words);
  const rest = defaults.filter((_, i) => !given.has(defaults[i - (i % 2)]!));
  const { exitCode, stdout, stderr } = await runWords(["generate", ...words, ...rest, "--strict"], expected);
  expect(stderr).toMatch(/^proteoscope: [^\n]+\n$/);
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: expected.exitCode, stdout: "", stderr });
  expect(readdirSync(place.path)).toEqual(before);
  return stderr.slice("proteoscope: ".length, -1);
}

describe("a protein that is none", () => {
  it("is named by file, record, line and column at an unknown residue", async () => {
    const fasta = place.file("wrong.fasta", ">first\nMKT\n>second human\nMKTA\nMK1A\n");
    expect(await refused([fasta], { exitCode: 3 })).toBe(
      `fasta: ${fasta}, record second: "1" in column 3 is not a residue (line 5); allowed are ACDEFGHIKLMNPQRSTVWY and X B U Z O`,
    );
  });

  it.each([
    ["a record without residues", ">a\n\n>b\nMKT\n", "record a has no sequence (line 1)"],
    ["an empty file", "", "holds no sequence (line 1)"],
    ["a file of blank lines", "\n \n\n", "holds no sequence (line 1)"],
    ["a file without headers", "MKTAYIAK\n", 'does not begin with a ">" header (line 1)'],
    [
      "a picture",
      new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]),
      'does not begin with a ">" header (line 1)',
    ],
    ["gaps of an alignment", ">a\nMK--TA\n", "give the sequence without alignment gaps"],
  ])("is refused as %s", async (name, content, message) => {
    const path = place.file(`${name.replaceAll(" ", "-")}.fasta`, content);
    const line = await refused([path], { exitCode: 3 });
    expect(line).toContain(path);
    expect(line).toContain(message);
  });

  it("is refused on standard input and on the command line as well", async () => {
    expect(await refused(["-"], { exitCode: 3, input: ">a\nMKT*AY\n" })).toContain(
      'standard input, record a: a stop "*" in column 4 is followed by more residues (line 2)',
    );
    expect(await refused(["MKTAYIAKQRQISFVKSHFS7RQ"], { exitCode: 3 })).toContain(
      'the sequence on the command line: "7" in column 21 is not a residue',
    );
  });

  it("is not found, with the nearest name", async () => {
    expect(await refused(["FLB"], { exitCode: 4 })).toContain("did you mean FBL?");
    expect(await refused([join(place.path, "none.fasta")], { exitCode: 4 })).toMatch(
      /none\.fasta: no such file$/,
    );
    expect(await refused([place.model], { exitCode: 3 })).toContain("is a folder, a file is needed");
    expect(await refused([], { exitCode: 2 })).toBe("<protein> is missing");
  });
});

describe("an image that cannot be used", () => {
  const refusedImage = async (image: string, exitCode = 3, ...more: string[]) => {
    const line = await refused(["FBL", "--nucleus", image, ...more], { exitCode });
    expect(line).toContain(image);
    return line;
  };

  it("is not there, or a folder", async () => {
    expect(await refusedImage(join(place.path, "no.tif"), 4)).toContain("no such file or folder");
    expect(await refusedImage(place.model)).toContain("give the folder of an OME-Zarr image");
  });

  it.each<[string, Uint8Array, string]>([
    ["text.tif", Buffer.from("this is not an image at all\n"), "the file is of no known kind"],
    [
      "photo.jpg",
      Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70]),
      "a JPEG file is not read",
    ],
    ["three.png", Uint8Array.of(1, 2, 3), "a file of 3 bytes is no picture"],
    ["empty.tif", new Uint8Array(0), "a file of 0 bytes is no picture"],
  ])("is no image: %s", async (name, bytes, message) => {
    expect(await refusedImage(place.file(name, bytes))).toContain(message);
  });

  it("is cut short", async () => {
    const field = fieldOfNuclei();
    const tiff = tiffOf(field);
    const png = writePng({
      ...{ width: 200, height: 160, channels: 1, depth: 16 as const },
      data: field.data as Uint16Array,
    });
    for (const [name, bytes] of [
      ["cut.tif", tiff.slice(0, tiff.length / 2)],
      ["cut.png", png.slice(0, png.length / 2)],
      ["cut.npy", npyOf(field).slice(0, 1000)],
    ] as const) {
      const line = await refusedImage(place.file(name, bytes), 3, "--pixel-size", "0.5");
      expect(line).toMatch(/^(tiff|png|npy): /);
    }
  });

  it("has no such channel, or several and none was chosen", async () => {
    const image = place.file("nuclei.tif", tiffOf(fieldOfNuclei()));
    expect(await refusedImage(image, 3, "--nucleus-channel", "2")).toContain(
      "there is no channel 2: the image has only channel 0",
    );
    const { shape, data } = fieldOfNuclei();
    const both = {
      dtype: "uint16",
      shape: [2, ...shape],
      data: Uint16Array.from([...data, ...data].map(Number)),
    };
    const stack = place.file("stack.npy", npyOf(both as NdArray));
    expect(await refusedImage(stack, 3, "--pixel-size", "0.5")).toMatch(
      /the image has channels 0 to 1: say which channel \(--nucleus-channel\)$/,
    );
  });

  it("does not say how large its pixels are, or says what cannot be", async () => {
    const image = place.file("unsized.tif", tiffOf(fieldOfNuclei(), null));
    expect(await refusedImage(image)).toContain("give the size in micrometres (--pixel-size)");
    expect(await refusedImage(image, 3, "--pixel-size", "40")).toMatch(
      /the size given is 40 um\/pixel, .*\(--pixel-size\)$/,
    );
  });

  it("shows no nuclei, nothing at all, or values that are no numbers", async () => {
    const flat = (value: number): NdArray => ({
      ...{ dtype: "float32", shape: [160, 200] },
      data: new Float32Array(160 * 200).fill(value),
    });
    const noise = flat(0);
    noise.data.forEach((_, i) => void (noise.data[i] = (i * 7919) % 101));
    const broken = flat(1);
    broken.data[405] = Number.NaN;
    for (const [name, array, message] of [
      ["noise.npy", noise, "no nuclei of 8 to 28 um in channel 0"],
      ["flat.npy", flat(7), "channel 0 is empty: every pixel is 7"],
      ["nan.npy", broken, "channel 0 holds NaN at x 5, y 2"],
    ] as const)
      expect(await refusedImage(place.file(name, npyOf(array)), 3, "--pixel-size", "0.5")).toContain(message);
  });
});

describe("an output folder that cannot be", () => {
  it("is a file, or lies below one", async () => {
    const file = place.file("results", "mine");
    expect(await refused(["FBL", "-o", file], { exitCode: 1 })).toContain(
      `cannot write ${file}: there is a file`,
    );
    expect(await refused(["FBL", "-o", join(file, "deep")], { exitCode: 1 })).toContain(
      "a part of the path is a file",
    );
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  // Root may write everywhere.
  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")("may not be written", async () => {
    const locked = join(place.path, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    const line = await refused(["FBL", "-o", join(locked, "out")], { exitCode: 1 });
    expect(line).toContain("permission denied");
    chmodSync(locked, 0o700);
  });

  it.skipIf(process.platform === "win32")("is the place of a device that takes no folders", async () => {
    const line = await refused(["FBL", "-o", "/dev/null/out"], { exitCode: 1 });
    expect(line).toContain("cannot write /dev/null/out");
  });
});

describe("a model that cannot be used", () => {
  const damaged = createWorkplace();
  afterAll(() => damaged.remove());
  const original = (path: string) => readFileSync(join(place.model, path));
  afterEach(() => {
    for (const path of ["unet/diffusion_pytorch_model.safetensors", "vae/config.json", "nuclei.safetensors"])
      damaged.file(`model/${path}`, original(path));
  });
  const refusedModel = (exitCode: number, model = damaged.model) =>
    refused(["FBL", "--model", model], { exitCode });

  it("is not there", async () => {
    const nowhere = join(place.path, "nowhere");
    expect(await refusedModel(4, nowhere)).toBe(`${nowhere}: no such file or folder`);
  });

  it.each(["unet/diffusion_pytorch_model.safetensors", "nuclei.safetensors"])(
    "has a file cut short: %s",
    async (path) => {
      const bytes = original(path);
      const file = damaged.file(`model/${path}`, bytes.subarray(0, bytes.length - 100));
      const line = await refusedModel(3);
      expect(line).toMatch(/^safetensors: /);
      expect(line).toContain(file);
    },
  );

  it("has a configuration of another network, or none that can be read", async () => {
    const config = JSON.parse(original("vae/config.json").toString());
    const file = damaged.file("model/vae/config.json", JSON.stringify({ ...config, latent_channels: 6 }));
    expect(await refusedModel(3)).toContain(join(damaged.model, "vae"));
    damaged.file("model/vae/config.json", "{");
    expect(await refusedModel(3)).toBe(`${file} is not JSON: fetch or write it again`);
  });

  it("lacks a file", async () => {
    rmSync(join(damaged.model, "nuclei.safetensors"));
    expect(await refusedModel(4)).toBe(
      `${join(damaged.model, "nuclei.safetensors")}: no such file or folder`,
    );
  });
});

describe("a value that an option does not take", () => {
  it.each([
    [["--samples", "0"], "--samples takes a whole number from 1 to 256"],
    [["--samples", "1e9"], "--samples takes a whole number from 1 to 256"],
    [["--steps", "ten"], '--steps takes a whole number from 1 to 9007199254740991, got "ten"'],
    [["--steps", "1001"], "at most 1000 steps for ddim, got 1001 (--steps)"],
    [["--steps", "1000", "--sampler", "dpm++"], "at most 999 steps for dpm++, got 1000 (--steps)"],
    [["--sampler", "dpm"], "--sampler is one of ddim, ddpm, dpm++"],
    [["--guidance", "-1"], "--guidance takes a number from 0 up to 100"],
    [["--guidance", "NaN"], "--guidance takes a number from 0 up to 100"],
    [["--seed", "1.5"], "--seed takes a whole number"],
    [["--format", "png,jpg"], '--format knows png, ome-tiff, ome-zarr, npy, got "jpg"'],
    [["--nucleus-channel", "-1"], "--nucleus-channel takes a whole number from 0"],
    [["--nucleus-z", "middle"], '--nucleus-z is sharpest, maximum or a number from 0, got "middle"'],
    [["--nucleus-time", "0.5"], "--nucleus-time takes a whole number from 0"],
    [["--pixel-size", "big"], "--pixel-size takes a number"],
    [["--max-nuclei", "0"], "--max-nuclei takes a whole number from 1"],
    [
      ["--nucleus-channel", "1"],
      "--nucleus-channel says how a picture of nuclei is read: give one with --nucleus",
    ],
    [
      ["--pixel-size", "0.2", "--max-nuclei", "3"],
      "--pixel-size, --max-nuclei say how a picture of nuclei is read",
    ],
    [["--nucleus-z", "2"], "--nucleus-z says how"],
    [["--nucleus-time", "0"], "--nucleus-time says how"],
    [["--device", "tpu"], "--device is one of auto, cpu, webgpu, cuda"],
    [["--nuclues", "x.tif"], "unknown option --nuclues (did you mean --nucleus?)"],
  ])("%j", async (words, message) => {
    expect(await refused(["FBL", ...words], { exitCode: 2 })).toContain(message);
    expect(existsSync(output)).toBe(false);
  });
});
