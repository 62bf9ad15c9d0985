import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readCsv, writeCsv, writeNpy, writeOmeTiff, writeOmeZarr, writePng } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DrawnField, drawField, stackOf } from "../../testing/field-fixture.ts";
import { openCropPixels } from "../atlas/crop-pixels.ts";
import { readCrops, readProteins } from "../atlas/tables.ts";
import { checkDataSet } from "../check/check-set.ts";
import { readDescription } from "../dataset/description.ts";
import { openCropStore } from "../dataset/pixels.ts";
import { type ImageImport, importImages } from "./import-images.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-images-"));
});
afterEach(() => rm(folder, { recursive: true }));

const idle = new AbortController().signal;
const path = (name: string) => join(folder, name);
const put = async (name: string, content: Uint8Array | string) => {
  await mkdir(dirname(path(name)), { recursive: true });
  await writeFile(path(name), content);
};

function request(changes: Partial<ImageImport> = {}): ImageImport {
  return {
    ...{ table: path("fields.csv"), output: path("set"), pixelSizeMicrons: 0.4126, cropPixels: 64 },
    ...{ source: "own", licence: "CC0", madeBy: "test", seed: 0 },
    ...changes,
  };
}
const importAll = (changes: Partial<ImageImport> = {}) => importImages(request(changes), { signal: idle });

type Row = Readonly<Record<string, string | number>>;
const columns = [
  ...["field", "file", "nucleus_file", "nucleus_channel", "protein_file", "protein_channel"],
  ...["pixel_size_microns", "gene", "cell_line", "compartments", "sequence"],
];
const writeTable = (rows: readonly Row[]) => put("fields.csv", writeCsv(rows, columns));

const channelNames = ["DAPI", "GFP"];
const tiff = (field: DrawnField, pixelSizeMicrons: number) =>
  writeOmeTiff({ data: stackOf(field), channelNames, pixelSizeMicrons });
const grey = ({ height, width }: DrawnField, plane: Uint16Array) =>
  writePng({ height, width, channels: 1, depth: 16, data: plane });

/** Three formats, two pixel sizes: an OME-TIFF, an OME-Zarr, a pair of PNGs. */
async function writeFields(swapped?: string, kind: false | "mixed" = false): Promise<void> {
  const [a, b, c] = [
    drawField(1, 0.4126, kind),
    drawField(2, 0.2063, true),
    drawField(3, 0.2063, false),
  ] as const;
  await put("a.ome.tif", tiff(a, 0.4126));
  for (const [name, bytes] of writeOmeZarr({ data: stackOf(b), channelNames, pixelSizeMicrons: 0.2063 }))
    await put(`b.ome.zarr/${name}`, bytes);
  await put("c_dna.png", grey(c, c.nucleus));
  await put("c_gfp.png", grey(c, c.protein));
  const named = { nucleus_channel: "DAPI", protein_channel: "GFP" };
  const exchanged = { nucleus_channel: "GFP", protein_channel: "DAPI" };
  await writeTable([
    {
      ...{ field: "a", file: "a.ome.tif", gene: "VIM", compartments: "Cytosol", cell_line: "U-2 OS" },
      ...(swapped === "a" ? exchanged : named),
    },
    {
      field: "b",
      file: "b.ome.zarr",
      gene: "FBL",
      compartments: "nucleoplasm:3",
      sequence: "MKTAYIAK",
      ...named,
    },
    {
      field: "c",
      nucleus_file: "c_dna.png",
      protein_file: "c_gfp.png",
      pixel_size_microns: 0.2063,
      gene: "VIM",
      compartments: "Cytosol",
    },
  ]);
}

describe("importImages", () => {
  it("brings three formats of two pixel sizes to crops of one", async () => {
    await writeFields();
    const report = await importAll();
    expect(report).toMatchObject({
      fields: 3,
      crops: 27,
      refused: 0,
      warnings: [],
      channels: ["protein", "nucleus", "nuclear_mask"],
    });
    expect((await readDescription(path("set"))).pixelSizeMicrons).toBe(0.4126);
    const { crops } = await readCrops(path("set"));
    expect(crops.filter(({ gene }) => gene === "VIM")).toHaveLength(18);
    expect(crops[0]).toMatchObject({
      primary: "cytoplasm",
      cellLine: "U-2 OS",
      fieldOfView: "a",
      source: "own",
    });
    expect(await readProteins(path("set"))).toMatchObject([{ id: "FBL", sequence: "MKTAYIAK" }]);
    const pixels = await openCropPixels(path("set"));
    const plane = 64 * 64;
    for (const { index, primary } of crops) {
      const { data } = await pixels.read(index);
      const middle = 32 * 64 + 32;
      const [protein, nucleus, distance] = [data[middle]!, data[plane + middle]!, data[2 * plane + middle]!];
      expect(distance).toBeGreaterThan(8); // 7 um are 17 pixels, crops are moved to stay inside
      expect(nucleus).toBeGreaterThan(0.8);
      expect(protein > 0.5).toBe(primary === "nucleoplasm");
    }
    const table = readCsv(await readFile(path("set/crops.csv")));
    for (const row of table) {
      expect(Number(row.nucleus_diameter_microns)).toBeCloseTo(14, 0);
      expect(Number(row.quality)).toBeGreaterThan(0.7);
    }
    expect(await readdir(path("set"))).toContain("contact-sheet.png");
    const { findings } = await checkDataSet(path("set"), { signal: idle });
    expect(findings.filter(({ kind }) => kind === "problem")).toEqual([]);
  });

  it.each([
    [
      "that has some nuclei",
      "mixed" as const,
      3,
      "fields.csv",
      /^field a: the channels nucleus and protein seem to be swapped/,
    ],
    ["that has none", false as const, 0, "refused.csv", /^field a is not imported: .*seem to be swapped/],
  ])(
    "has a channel that the table swaps for one %s found by the check",
    async (_, kind, crops, file, message) => {
      await writeFields("a", kind);
      expect(await importAll()).toMatchObject({ crops: 18 + crops });
      const { findings } = await checkDataSet(path("set"), { signal: idle });
      expect(findings.filter(({ kind }) => kind === "problem")).toEqual([
        expect.objectContaining({ file, message: expect.stringMatching(message) }),
      ]);
    },
  );

  it("lists fields that cannot be read, and imports the others", async () => {
    await writeFields();
    const dark = {
      height: 200,
      width: 200,
      nucleus: new Uint16Array(40_000),
      protein: new Uint16Array(40_000),
    };
    await put("dark.tif", tiff(dark, 0.4126));
    await put("broken.tif", tiff(drawField(1, 0.4126, true), 0.4126).subarray(0, 5000));
    const named = { nucleus_channel: "DAPI", protein_channel: "GFP", gene: "VIM", compartments: "Cytosol" };
    const good = readCsv(await readFile(path("fields.csv")));
    await writeTable([
      { field: "dark", file: "dark.tif", ...named },
      { field: "broken", file: "broken.tif", ...named },
      { field: "absent", file: "absent.tif", ...named },
      { field: "unnamed", file: "a.ome.tif", ...named, nucleus_channel: "CY5" },
      {
        field: "unscaled",
        nucleus_file: "c_dna.png",
        protein_file: "c_gfp.png",
        gene: "VIM",
        compartments: "Cytosol",
      },
      {
        field: "unequal",
        nucleus_file: "c_dna.png",
        protein_file: "a.ome.tif",
        protein_channel: "GFP",
        pixel_size_microns: 0.2063,
        gene: "VIM",
        compartments: "Cytosol",
      },
      ...(good as Row[]),
    ]);
    expect(await importAll()).toMatchObject({ fields: 3, crops: 27, refused: 6 });
    const refused = readCsv(await readFile(path("set/refused.csv")));
    expect(refused.map(({ file, row }) => [file, row])).toEqual([
      ...[
        ["dark", "1"],
        ["broken", "2"],
        ["absent", "3"],
        ["unnamed", "4"],
        ["unscaled", "5"],
        ["unequal", "6"],
      ],
    ]);
    const reasons = [
      /is empty: every pixel is 0/,
      /tiff/,
      /absent\.tif/,
      /there is no channel "CY5"/,
      /how large a pixel is/,
      /give channels of one size/,
    ];
    for (const [at, reason] of reasons.entries()) expect(refused[at]!.reason).toMatch(reason);
    await expect(importAll({ output: path("strict"), isStrict: true })).rejects.toThrow(/every pixel is 0/);
  });

  it("goes on after an interrupt with the same bytes", async () => {
    await writeFields();
    await importAll({ output: path("whole") });
    const controller = new AbortController();
    const run = importImages(request(), { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(run).rejects.toThrow(/abort/i);
    expect(await readdir(path("set"))).toContain("import.json");
    await importAll();
    for (const name of await readdir(path("whole")))
      expect(await readFile(path(`set/${name}`)), name).toEqual(await readFile(path(`whole/${name}`)));
    await expect(importAll()).rejects.toThrow(/is a data set already/);
  });

  it.each([
    ["no nucleus", [{ field: "a", file: "a.tif", protein_channel: 1 }], /row 1: no channel is the nucleus/],
    [
      "a field twice",
      [
        { field: "a", nucleus_file: "a" },
        { field: "a", nucleus_file: "b" },
      ],
      /row 2, column field: "a" stands there twice/,
    ],
    [
      "a size that is none",
      [{ field: "a", nucleus_file: "a", pixel_size_microns: "small" }],
      /column pixel_size_microns: "small" is no size/,
    ],
    ["no row", [], /names no field/],
  ])("refuses a table with %s before anything is written", async (_, rows, message) => {
    await writeTable(rows as readonly Row[]);
    await expect(importAll()).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(["fields.csv"]);
  });

  it("refuses a column that it does not know", async () => {
    await put("fields.csv", "field,nucleus_file,protien\na,b,c\n");
    await expect(importAll()).rejects.toThrow(/unknown column "protien"/);
  });

  it("reads four stains of the Human Protein Atlas by the names of their files", async () => {
    const field = drawField(5, 0.4126, true);
    for (const [name, plane] of [
      ["blue", field.nucleus],
      ["green", field.protein],
      ["red", field.protein],
      ["yellow", field.protein],
    ] as const)
      await put(`hpa/F1_${name}.png`, grey(field, plane));
    await importAll({ table: path("hpa"), preset: "hpa", sourcePixelSizeMicrons: 0.4126 });
    const store = await openCropStore(path("set"));
    expect(store.channels).toEqual(["protein", "nucleus", "nuclear_mask", "er", "microtubules"]);
    const planes = await store.read(0);
    const planeOf = (at: number) => planes.subarray(at * 64 * 64, (at + 1) * 64 * 64);
    expect(planeOf(3)).toEqual(planeOf(0));
  });

  it("reads the manifest of the DREAM challenge: one crop per cell, with its sequence", async () => {
    const field = drawField(6, 0.0942, false);
    for (const name of ["mt", "nucleus", "er", "poi"])
      await put(
        `dream/${name}.tiff`,
        writeOmeTiff({
          data: {
            dtype: "uint16",
            shape: [1, field.height, field.width],
            data: name === "nucleus" ? field.nucleus : field.protein,
          },
          channelNames: [name],
        }),
      );
    await put("dream/P.fasta", ">P1\nMKTAYIAK\n");
    const cells = {
      uid: "u",
      source_db: "HPA",
      plate_well_id: "1_A",
      cell_id: "7",
      cell_line: "U2OS",
      prediction_id: "p1",
      microtubules_image: "mt.tiff",
      nucleus_image: "nucleus.tiff",
      er_image: "er.tiff",
      poi_image: "poi.tiff",
      poi_ensembl_gene_id: "ENSG1",
      aa_sequence_fasta_path: "P.fasta",
    };
    await put("dream/manifest.tsv", `${Object.keys(cells).join("\t")}\n${Object.values(cells).join("\t")}\n`);
    await importAll({ table: path("dream/manifest.tsv"), preset: "dream", sourcePixelSizeMicrons: 0.0942 });
    const { crops } = await readCrops(path("set"));
    expect(crops).toMatchObject([
      { gene: "ENSG1", uniprot: "ENSG1", cellLine: "U2OS", source: "HPA", fieldOfView: "1_A" },
    ]);
    expect(await readProteins(path("set"))).toMatchObject([{ sequence: "MKTAYIAK", ensg: "ENSG1" }]);
  });

  it("warns where table and file disagree on the pixel size, and takes the table's", async () => {
    await put("a.npy", writeNpy(stackOf(drawField(1, 0.4126, true))));
    await put("a.ome.tif", tiff(drawField(1, 0.4126, true), 0.2));
    const named = { nucleus_channel: 0, protein_channel: 1 };
    await writeTable([
      { field: "a", file: "a.ome.tif", pixel_size_microns: 0.4126, ...named },
      { field: "b", file: "a.npy", pixel_size_microns: 0.4126, ...named },
    ]);
    const { warnings, crops } = await importAll();
    expect(crops).toBe(18);
    expect(warnings).toEqual(["field a: the table says 0.4126 um per pixel, the file 0.2; the table counts"]);
  });
});
