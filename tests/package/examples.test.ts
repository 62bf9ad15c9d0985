import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readNpy, readPng, readTiff, writeOmeTiff } from "@proteoscope/formats";
import { loadAs, loadLora } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { compilePrograms } from "./compile-programs.ts";
import { findNode, nodeVersions } from "./node-versions.ts";

const { folder } = inject("release");
const installed = join(folder, "node_modules", "proteoscope");
const source = join(installed, "examples");
const files = readdirSync(source).filter((file) => file.endsWith(".ts"));
const textOf = (file: string): string => readFileSync(join(source, file), "utf8");
const pageExample = "08-in-a-page.ts"; // browser.test.ts runs it

interface Example {
  /** Puts into the folder of work what the example reads. */
  readonly prepare?: (workFolder: string) => void;
  /** Holds what the example prints and leaves in its folder. */
  readonly check: (printed: string, workFolder: string) => void | Promise<void>;
}

const numbersIn = (text: string, pattern: RegExp): number[] =>
  Array.from(text.matchAll(pattern), ([, number]) => Number(number));

const examples: Readonly<Record<string, Example>> = {
  "01-first-image.ts": {
    check(printed, workFolder) {
      expect(numbersIn(printed, /nucleolus: (\S+),/g)[0]).toBeGreaterThan(0.5);
      const pictures = readdirSync(workFolder).filter((file) => file.endsWith(".png"));
      expect(pictures).toContain("FBL_sample3_synthetic.png");
      for (const file of pictures)
        expect(new Set(readPng(readFileSync(join(workFolder, file))).data).size, file).toBeGreaterThan(20);
    },
  },
  "02-own-nuclei.ts": {
    prepare: (workFolder) => writeFileSync(join(workFolder, "nuclei.tif"), fieldOfTwoNuclei()),
    check(printed, workFolder) {
      expect(printed).toContain("nuclei.tif: 2 nuclei");
      for (const index of [0, 1]) {
        expect(printed).toContain(`LMNB1_nucleus${index}:`);
        const file = join(workFolder, `LMNB1_nucleus${index}_synthetic.ome.tiff`);
        const { planes } = readTiff(readFileSync(file));
        expect(planes.shape[0], "protein, nucleus and generated nucleus").toBe(3);
        expect(new Set(Array.from(planes.data.slice(0, 10_000), Number)).size).toBeGreaterThan(20);
      }
    },
  },
  "03-mutation.ts": {
    check(printed) {
      const probability = (list: string) =>
        numbersIn(printed, new RegExp(`^${list}: .*mitochondria (\\S+?),`, "gm"));
      for (const list of ["predicted", "posterior"]) {
        expect(probability(`COX8A, ${list}`)[0]).toBeGreaterThan(0.5);
        expect(probability(`COX8A-del2-25, ${list}`)[0] ?? 0).toBeLessThan(0.3);
      }
      expect(printed).toMatch(/^COX8A-del2-25, classified: /m);
      const [correlation] = numbersIn(printed, /correlation of the images: (\S+)/g);
      expect(correlation).toBeGreaterThan(0);
      expect(correlation).toBeLessThan(0.95);
    },
  },
  "04-train-a-network.ts": {
    check(printed) {
      const losses = numbersIn(printed, /loss (\S+)/g);
      expect(losses).toHaveLength(5);
      expect(losses.at(-1)).toBeLessThan(1e-3);
      const points = numbersIn(printed, /sin\((\S+)\)/g);
      expect(points).toHaveLength(4);
      for (const [i, y] of numbersIn(printed, /is about (\S+)/g).entries())
        expect(Math.abs(y - Math.sin(points[i]!))).toBeLessThan(0.05);
    },
  },
  "05-embed-proteins.ts": {
    check(printed, workFolder) {
      const proteins = readFileSync(join(source, "proteins.fasta"), "utf8").match(/^>/gm)!.length;
      expect(printed).toContain(`embeddings.npy: [${proteins}, 192]`);
      const { shape, data } = readNpy(readFileSync(join(workFolder, "embeddings.npy")));
      expect(shape).toEqual([proteins, 192]);
      const rows = Array.from({ length: proteins }, (_, row) =>
        data.slice(row * 192, (row + 1) * 192).join(),
      );
      expect(new Set(rows).size).toBe(proteins);
      expect(data.every((value) => Number.isFinite(Number(value)))).toBe(true);
    },
  },
  "06-lora-localizer.ts": {
    async check(printed, workFolder) {
      const losses = numbersIn(printed, /loss (\S+)/g);
      expect(losses).toHaveLength(4);
      expect(losses.at(-1)).toBeLessThan(0.1 * losses[0]!);
      const plm = await loadAs("esm2", openFolder(join(installed, "checkpoints/proteoscope-mini/plm")));
      const { weights } = await loadLora(openFolder(join(workFolder, "adapter")), plm.weights);
      expect(weights.size).toBe(2 * 4 * plm.config.numHiddenLayers); // A and B of four layers per block
      for (const [name, { data }] of weights)
        expect(
          data.some((value) => value !== 0),
          name,
        ).toBe(true);
    },
  },
  "07-export-onnx.ts": {
    check(printed) {
      expect(printed).toContain("last_hidden_state [1, 25, 192]");
      const [difference] = numbersIn(printed, /largest difference from proteoscope's own run: (\S+)/g);
      expect(difference).toBeLessThan(1e-4);
    },
  },
};

/** Two round nuclei in 400 x 400 pixels of 0.2 micrometres, without the size of a pixel: 16-bit TIFF. */
function fieldOfTwoNuclei(): Uint8Array {
  const side = 400;
  const brightness = (x: number, y: number) =>
    [120, 280].reduce((sum, centre) => sum + (Math.hypot(x - centre, y - 200) < 32 ? 9000 : 0), 400);
  const data = Uint16Array.from(
    { length: side * side },
    (_, i) => brightness(i % side, Math.floor(i / side)) + (i % 37),
  );
  return writeOmeTiff({ data: { dtype: "uint16", shape: [1, side, side], data }, channelNames: ["DNA"] });
}

const namesOfNode = { resolution: "nodenext", lib: ["es2023", "dom"], types: ["node"] } as const; // dom: ONNX Runtime's types
const namesOfPages = { resolution: "bundler", lib: ["es2023", "dom"], types: [] } as const;

let compiled: { problems: string; project: string };
beforeAll(() => {
  const programs = Object.fromEntries(Object.keys(examples).map((file) => [file, textOf(file)]));
  compiled = compilePrograms(folder, "examples", programs, namesOfNode);
});

describe("the examples of the packed release", () => {
  it("are all held to something", () => {
    expect(files.sort()).toEqual([...Object.keys(examples), pageExample].sort());
  });

  it("type-check in a strict project", () => {
    expect(compiled.problems).toBe("");
    const programs = { [pageExample]: textOf(pageExample) };
    expect(compilePrograms(folder, "examples-page", programs, namesOfPages).problems).toBe("");
  });

  it("are short: at most 40 lines besides their imports", () => {
    for (const file of files) {
      const text = textOf(file).replace(/^import [^;]*;\n/gm, "");
      expect(text.trimEnd().split("\n").length, file).toBeLessThanOrEqual(40);
    }
  });

  it("begin with the one that the README shows", () => {
    const [, shown] = /```ts\n(.*?)```/s.exec(readFileSync(join(installed, "README.md"), "utf8"))!;
    expect(shown).toBe(textOf("01-first-image.ts"));
  });
});

// Where no version can be had, the Node that runs the tests runs them.
const versions = nodeVersions.some(findNode) ? nodeVersions : [...nodeVersions, process.version];
describe.each(versions)("on Node %s", (version) => {
  it.for(Object.entries(examples))("%s runs", async ([file, { prepare, check }], context) => {
    const node = version === process.version ? process.execPath : findNode(version);
    context.skip(node === undefined, `there is no Node ${version} to be had`);
    const name = basename(file, ".ts");
    const workFolder = join(folder, `${name}-${version}`);
    mkdirSync(workFolder);
    symlinkSync(join(folder, "node_modules"), join(workFolder, "node_modules"), "junction");
    cpSync(join(compiled.project, `${name}.js`), join(workFolder, `${name}.mjs`));
    prepare?.(workFolder);
    const { status, stdout, stderr } = spawnSync(node!, [`${name}.mjs`], {
      cwd: workFolder,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    await check(stdout, workFolder);
  });
});
