import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, writeOmeTiff } from "@proteoscope/formats";
import { drawField, stackOf, writeCytoselfFiles } from "@proteoscope/lab/testing/data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";

// The commands on a small set, in the order in which one would use them.
let folder: string;
const path = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "data-"));
  await writeCytoselfFiles(path("files"), { crops: 64, files: 2, side: 16, proteins: 8, cropsPerField: 2 });
});
afterAll(() => rm(folder, { recursive: true }));

async function data(...words: string[]) {
  const { commandContext, output } = recordCommandContext({ XDG_CACHE_HOME: path("cache") });
  const exitCode = await runCommandLine(["data", ...words], commandContext);
  return { exitCode, ...output };
}

describe("proteoscope data", () => {
  it("imports, with rate and memory, and says what to do next", async () => {
    const { exitCode, stdout } = await data("import-cytoself", path("files"), "-o", path("set"), "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      crops: 64,
      refused: 0,
      warnings: [],
      megabytesPerSecond: expect.any(Number),
    });
    const again = await data("import-cytoself", path("files"), "-o", path("set"));
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toMatch(/set is a data set already: name another folder, or remove it \(-o\)/);
    const { stderr } = await data(
      "import-cytoself",
      path("files"),
      "-o",
      path("second"),
      "--fasta",
      path("files/sequences.fasta"),
    );
    expect(stderr).toMatch(/64 crops, 0 refused; \d MB read in .* MB\/s, at most \d+ MB of memory/);
    expect(stderr).toMatch(/8 proteins have a sequence, 0 have none/);
    expect(stderr).toMatch(/next: proteoscope data check /);
  });

  it("adds sequences and lists genes without one", async () => {
    await writeFile(path("some.fasta"), ">GENE1\nMKKLLAA\n>GENE2\nMDDEEAA\n");
    const { exitCode, stdout, stderr } = await data("sequences", path("set"), "--fasta", path("some.fasta"));
    expect(exitCode).toBe(3);
    expect(stderr).toBe("8 proteins: 0 had a sequence, 2 found, 6 without\n");
    expect(stdout).toMatch(/^without a sequence: GENE0\n/);
    const all = await data(
      "sequences",
      path("set"),
      "--fasta",
      path("files/sequences.fasta"),
      "--all",
      "--json",
    );
    expect(all.exitCode).toBe(0);
    expect(JSON.parse(all.stdout)).toMatchObject({ found: 8, missing: [] });
    expect((await data("sequences", path("set"), "--from", "pdb")).stderr).toMatch(
      /--from takes uniprot and ensembl, got "pdb"/,
    );
  });

  it("divides, uses another split, and refuses one that leaks", async () => {
    const { exitCode, stdout } = await data(
      "split",
      path("set"),
      "--preset",
      "all_proteins,standard",
      "--seed",
      "2",
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/standard: proteins 6 train, 1 val, 1 test \(8 clusters\); fields \d+ train/);
    const file = join(path("set"), "splits.csv");
    const rows = readCsv(await readFile(file));
    const sequences = readCsv(await readFile(join(path("set"), "proteins.csv")));
    const held = rows.find(({ standard, kind }) => kind === "protein" && standard === "test")!.id;
    const trained = rows.find(({ standard, kind }) => kind === "protein" && standard === "train")!.id;
    const sequenceOf = (id: string) => sequences.find(({ protein }) => protein === id)!.sequence!;
    const text = await readFile(join(path("set"), "proteins.csv"), "utf8");
    await writeFile(join(path("set"), "proteins.csv"), text.replace(sequenceOf(held!), sequenceOf(trained!)));
    const leaking = await data("split", path("set"), "--use", "standard");
    expect(leaking.exitCode).toBe(3);
    expect(leaking.stderr).toMatch(
      /split standard leaks: 1 pairs; ENSG\d is held out, ENSG\d is trained on, 100 % of/,
    );
    await writeFile(join(path("set"), "proteins.csv"), text);
    expect((await data("split", path("set"), "--use", "all_proteins")).exitCode).toBe(0);
  });

  it.each([
    [["split", "SET", "--preset", "random"], /--preset is one of standard, .*, got "random"/],
    [["split", "SET", "--fractions", "0.8,0.2"], /--fractions takes three numbers/],
    [
      ["split", "SET", "--fractions", "0.5,0.1,0.1"],
      /do not sum to 1, or leave nothing to train on \(--fractions\)/,
    ],
    [["split", "SET", "--use", "none"], /the set has no split "none"/],
    [["import-images", "SET"], /-o is missing/],
    [
      ["import-images", "SET", "-o", "x", "--channel", "DAPI"],
      /--channel takes NAME=CHANNEL,\.\.\., got "DAPI"/,
    ],
    [["import-images", "SET", "-o", "x", "--preset", "jump"], /--preset is one of hpa, dream/],
  ])("refuses %j", async (words, message) => {
    const { exitCode, stderr } = await data(...words.map((word) => (word === "SET" ? path("set") : word)));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });

  it("checks and shows", async () => {
    expect(await data("check", path("set"))).toMatchObject({
      ...{
        exitCode: 0,
        stdout: "",
        stderr: "64 crops of 32 fields and 8 proteins: 0 problems, 0 warnings\n",
      },
    });
    const { exitCode, stdout } = await data("inspect", path("set"), "-o", path("report"));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/64 crops of 32 fields, 8 proteins with images, 8 with a sequence/);
    expect((await readdir(path("report"))).sort()).toEqual([
      "contact-sheet.png",
      "counts.json",
      "histograms.png",
      "inspect.html",
    ]);
    const crops = join(path("set"), "crops.csv");
    await writeFile(crops, (await readFile(crops, "utf8")).replace("\n5,", "\n6,"));
    const broken = await data("check", path("set"));
    expect(broken.exitCode).toBe(3);
    expect(broken.stdout).toMatch(/^problem: crops\.csv, row 8, column index: 6 stands in row 7 as well\n/);
  });

  it("imports fields by a table, and exits with 3 where one is refused", async () => {
    const image = writeOmeTiff({
      data: stackOf(drawField(1, 0.4126, true)),
      channelNames: ["DAPI", "GFP"],
      pixelSizeMicrons: 0.4126,
    });
    await writeFile(path("a.ome.tif"), image);
    await writeFile(path("fields.csv"), "field,file,gene\na,a.ome.tif,FBL\nb,b.ome.tif,FBL\n");
    const { exitCode, stderr } = await data(
      "import-images",
      path("fields.csv"),
      "-o",
      path("own"),
      "--channel",
      "nucleus=DAPI,protein=GFP",
    );
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/9 crops of 1 fields, 1 fields refused; channels protein, nucleus, nuclear_mask/);
    expect(stderr).toMatch(/what was refused, and why: .*refused\.csv/);
  });
});
